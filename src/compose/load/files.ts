// Which files make up a project, and what reads them.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { codeOf, invalid, messageOf, notFound } from '#shared/errors.ts';

const names = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml', 'compose.ts'];
const overrides = [
  'compose.override.yaml',
  'compose.override.yml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
];

export interface Discovery {
  /** Where the search starts. */
  directory: string;
  /** `-f`, in order; relative to `directory`. `-` is the standard input. */
  files?: readonly string[] | undefined;
  /** Has COMPOSE_FILE and COMPOSE_PATH_SEPARATOR where they are set. */
  lookup: (name: string) => string | undefined;
  warn: (message: string) => void;
}

/**
 * The absolute paths of the project's files, base first: those that were named, else those of COMPOSE_FILE, else
 * the first that is found in the folder or one above it, with the override beside it. Throws `not-found`.
 */
export function discoverFiles({ directory, files, lookup, warn }: Discovery): string[] {
  const named = files !== undefined && files.length > 0 ? files : filesOfEnvironment(lookup);
  if (named.length > 0) return named.map((file) => (file === '-' ? file : resolve(directory, file)));
  for (let folder = resolve(directory); ; folder = dirname(folder)) {
    const found = names.map((name) => join(folder, name)).filter((path) => existsSync(path));
    const [first] = found;
    if (first !== undefined) {
      if (found.length > 1)
        warn(`Found multiple config files with supported names: ${found.join(', ')}. Using ${first}`);
      const beside = overrides.map((name) => join(folder, name)).filter((path) => existsSync(path));
      if (beside.length > 1)
        warn(`Found multiple override files with supported names: ${beside.join(', ')}. Using ${beside[0]}`);
      return [first, ...beside.slice(0, 1)];
    }
    if (dirname(folder) === folder) break;
  }
  throw notFound('no configuration file provided: not found', {
    hint: `write a compose.yaml in ${resolve(directory)}, or name one with -f`,
  });
}

function filesOfEnvironment(lookup: (name: string) => string | undefined): string[] {
  const separator = lookup('COMPOSE_PATH_SEPARATOR') || ':';
  return (lookup('COMPOSE_FILE') ?? '').split(separator).filter((file) => file !== '');
}

/** The text of a file. Throws `not-found` with the path as it is shown to users. */
export function readText(path: string, shown: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === 'ENOENT' || code === 'ENOTDIR') throw notFound(`open ${shown}: no such file or directory`);
    if (code === 'EISDIR') throw invalid(`read ${shown}: is a directory`);
    throw invalid(`open ${shown}: ${messageOf(thrown)}`);
  }
}

/** The text of a file that may be absent. */
export function readTextIfThere(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() ? readText(path, path) : undefined;
}

/** A path as users read it: from where they are, if it is below there. */
export function shownPath(path: string, directory: string): string {
  const short = relative(directory, path);
  return short === '' || short.startsWith('..') ? path : short;
}

const nameRule =
  'must consist only of lowercase alphanumeric characters, hyphens, and underscores as well as start with a letter or number';

/** A folder's name as the name of a project: lower case, without what names may not hold; may come out empty. */
export function projectNameOf(directory: string): string {
  return basename(directory)
    .toLowerCase()
    .replace(/[^-_a-z0-9]/g, '')
    .replace(/^[-_]+/, '');
}

/** Throws `invalid` where the text is no name for a project. */
export function assertProjectName(name: string): void {
  if (/^[a-z0-9][-_a-z0-9]*$/.test(name)) return;
  if (name === '')
    throw invalid('project name must not be empty', { hint: 'name the project with -p or name:' });
  throw invalid(`invalid project name "${name}": ${nameRule}`);
}
