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

/** What the engine is to say; undefined: nothing, as by default. */
export interface Attestations {
  provenance: 'min' | 'max' | undefined;
  sbom: true | undefined;
}

/** Throws `invalid` and `unsupported`. */
export function attestationsOf({ attest, provenance, sbom }: AttestationFlags): Attestations {
  const texts = [
    ...attest,
    ...(provenance === undefined ? [] : [longOf('provenance', provenance)]),
    ...(sbom === undefined ? [] : [longOf('sbom', sbom)]),
  ];
  const asked: Attestations = { provenance: undefined, sbom: undefined };
  for (const text of texts) {
    const fields = fieldsOf(text, known, '--attest');
    const type = fields.get('type');
    const isOff = /^(true|1)$/.test(fields.get('disabled') ?? '');
    if (type === undefined)
      throw invalid('attestation type not specified', { hint: 'as in type=provenance' });
    if (type === 'provenance') asked.provenance = isOff ? undefined : modeOf(fields);
    else if (type === 'sbom') asked.sbom = isOff ? undefined : listed(fields);
    else if (!isOff) throw unknown(type);
  }
  return asked;
}

function modeOf(fields: ReadonlyMap<string, string>): 'min' | 'max' {
  const [mode = 'min', version = 'v1'] = [fields.get('mode'), fields.get('version')];
  if (version !== 'v1')
    throw unsupported(`provenance of version ${version} is not written`, { hint: 'version=v1 is' });
  if (mode === 'min' || mode === 'max') return mode;
  throw invalid(`invalid provenance mode ${JSON.stringify(mode)}`, { hint: 'modes are min and max' });
}

/** The builder makes the list itself. */
function listed(fields: ReadonlyMap<string, string>): true {
  const generator = fields.get('generator');
  if (generator === undefined) return true;
  throw unsupported(`the generator ${generator} is not run`, {
    hint: 'Without generator= the packages of dpkg and apk are listed.',
  });
}

const unknown = (type: string): Error =>
  invalid(`unknown attestation type ${JSON.stringify(type)}`, { hint: 'there are provenance and sbom' });
