// `--provenance`, `--sbom` and `--attest`: what is said of an image beside it.
import { fieldsOf } from '#cli/commands/build/outputs.ts';
import { invalid, unsupported } from '#shared/errors.ts';

interface AttestationFlags {
  attest: readonly string[];
  provenance: string | undefined;
  sbom: string | undefined;
}

const known = ['type', 'mode', 'version', 'disabled', 'generator'];
const switches: Readonly<Record<string, string>> = {
  true: '',
  '1': '',
  false: 'disabled=true',
  '0': 'disabled=true',
};

/** A short flag in the words of `--attest`. */
const longOf = (type: string, value: string): string =>
  `type=${type},${Object.hasOwn(switches, value) ? switches[value] : value}`;

/** What the engine is to say; undefined: nothing, as by default. Throws `invalid` and `unsupported`. */
export function provenanceOf({ attest, provenance, sbom }: AttestationFlags): 'min' | 'max' | undefined {
  const texts = [
    ...attest,
    ...(provenance === undefined ? [] : [longOf('provenance', provenance)]),
    ...(sbom === undefined ? [] : [longOf('sbom', sbom)]),
  ];
  let mode: 'min' | 'max' | undefined;
  for (const text of texts) {
    const fields = fieldsOf(text, known, '--attest');
    const type = fields.get('type');
    const isOff = /^(true|1)$/.test(fields.get('disabled') ?? '');
    if (type === undefined)
      throw invalid('attestation type not specified', { hint: 'as in type=provenance' });
    if (type === 'provenance') mode = isOff ? undefined : modeOf(fields);
    else if (!isOff) throw absent(type);
  }
  return mode;
}

function modeOf(fields: ReadonlyMap<string, string>): 'min' | 'max' {
  const [mode = 'min', version = 'v1'] = [fields.get('mode'), fields.get('version')];
  if (version !== 'v1')
    throw unsupported(`provenance of version ${version} is not written`, { hint: 'version=v1 is' });
  if (mode === 'min' || mode === 'max') return mode;
  throw invalid(`invalid provenance mode ${JSON.stringify(mode)}`, { hint: 'modes are min and max' });
}

function absent(type: string): Error {
  if (type !== 'sbom')
    return invalid(`unknown attestation type ${JSON.stringify(type)}`, { hint: 'there is provenance' });
  return unsupported('a bill of materials (sbom) is not written by this builder', {
    hint: 'Build with --sbom=false, and run a scanner on the image.',
  });
}
