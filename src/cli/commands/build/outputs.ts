// `--output`: what becomes of the result of a build.
import { nearest } from '#cli/grammar/nearest.ts';
import { invalid } from '#shared/errors.ts';

/** `files` as a folder or a tar, `archive` as a tar or a layout; `-` is stdout. */
export type BuildOutput =
  | { kind: 'image'; names: string[]; push: boolean }
  | { kind: 'files' | 'archive'; dest: string; isFolder: boolean; names: string[]; isDocker?: boolean }
  | { kind: 'nothing' };

const types = ['local', 'tar', 'oci', 'docker', 'image', 'registry', 'cacheonly'];
const attributes = ['type', 'dest', 'name', 'push', 'tar'];

/** ` (did you mean x?)` or nothing. */
export function didYouMean(typed: string, words: readonly string[]): string {
  const near = nearest(typed, words);
  return near === undefined ? '' : ` (did you mean ${near}?)`;
}

/** `key=value` fields between commas; a field in double quotes may hold commas. */
export function fieldsOf(text: string, known: readonly string[], flag: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const field of text.match(/(?:"[^"]*"|[^,"])+/g) ?? []) {
    const bare = field.replaceAll('"', '').trim();
    const at = bare.indexOf('=');
    const name = (at < 0 ? bare : bare.slice(0, at)).toLowerCase();
    if (!known.includes(name)) {
      throw invalid(
        `invalid ${flag} ${JSON.stringify(text)}: unknown key ${name}${didYouMean(name, known)}`,
        {
          hint: `keys are ${known.join(', ')}`,
        },
      );
    }
    fields.set(name, at < 0 ? 'true' : bare.slice(at + 1));
  }
  return fields;
}

function parseOutput(text: string): BuildOutput {
  if (text === '-') return { kind: 'files', dest: '-', isFolder: false, names: [] };
  if (!text.includes('=')) return { kind: 'files', dest: text, isFolder: true, names: [] };
  const fields = fieldsOf(text, attributes, '--output');
  const type = fields.get('type') ?? '';
  const dest = fields.get('dest');
  const names = (fields.get('name') ?? '').split(',').filter((name) => name !== '');
  switch (type) {
    case 'local':
      if (!dest) throw invalid('output type=local needs dest=DIRECTORY');
      return { kind: 'files', dest, isFolder: true, names };
    case 'tar':
      return { kind: 'files', dest: dest ?? '-', isFolder: false, names };
    case 'oci':
      return { kind: 'archive', dest: dest ?? '-', isFolder: fields.get('tar') === 'false', names };
    case 'docker':
      if (dest === undefined) return { kind: 'image', names, push: false };
      return { kind: 'archive', dest, isFolder: fields.get('tar') === 'false', names, isDocker: true };
    case 'image':
      return { kind: 'image', names, push: fields.get('push') === 'true' };
    case 'registry':
      return { kind: 'image', names, push: true };
    case 'cacheonly':
      return { kind: 'nothing' };
    default:
      throw invalid(`invalid output type ${JSON.stringify(type)}${didYouMean(type, types)}`, {
        hint: `types are ${types.join(', ')}`,
      });
  }
}

/** All outputs; an image where nothing is said. `--push` and `--load` are short for outputs. Throws `invalid`. */
export function outputsOf(flags: { output: readonly string[]; push: boolean; load: boolean }): BuildOutput[] {
  const outputs = flags.output.map(parseOutput);
  const toStdout = outputs.filter((output) => 'dest' in output && output.dest === '-');
  if (toStdout.length > 1) throw invalid('only one output can go to stdout');
  if (toStdout.some((output) => 'isFolder' in output && output.isFolder))
    throw invalid('a folder cannot go to stdout');
  const isImage = outputs.some(({ kind }) => kind === 'image');
  if (outputs.length === 0 || (flags.load && !isImage))
    outputs.push({ kind: 'image', names: [], push: flags.push });
  else if (flags.push && !isImage) outputs.push({ kind: 'image', names: [], push: true });
  else if (flags.push) return outputs.map((each) => (each.kind === 'image' ? { ...each, push: true } : each));
  return outputs;
}

/** Docker's own archives have no place for an index. Throws `invalid`. */
export function assertFit(outputs: readonly BuildOutput[], isIndex: boolean): void {
  if (isIndex && outputs.some((output) => 'isDocker' in output && output.isDocker === true))
    throw invalid('docker exporter does not currently support exporting manifest lists', {
      hint: 'Write it with --output type=oci,dest=FILE, or build for one --platform without attestations.',
    });
}

/** Where stdout belongs to a result, and progress goes to stderr. */
export const usesStdout = (outputs: readonly BuildOutput[]): boolean =>
  outputs.some((output) => 'dest' in output && output.dest === '-');
