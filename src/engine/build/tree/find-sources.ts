// The sources of COPY and ADD: patterns to paths, with Docker's sentences for what is missing or forbidden.
import { normalize } from 'node:path';
import { forbidden, invalid } from '#shared/errors.ts';
import { compilePattern, isPattern } from '../dockerfile/glob.ts';
import { cleanParts } from './in-root.ts';
import { filesIn, readSource, type Source, type SourceTree } from './source-tree.ts';
import { resolveIn } from './tree-files.ts';

interface Find {
  /** `COPY` or `ADD`. */
  keyword: string;
  tree: SourceTree;
}

/** A directory and all below it, for `**`. */
function descend(find: Find, top: string): string[] {
  const files = filesIn(find.tree);
  const found = [top];
  for (let index = 0; index < found.length; index++) {
    const parent = found[index] ?? '';
    for (const name of files.list(resolveIn(files, parent))) {
      const path = parent === '' ? name : `${parent}/${name}`;
      if (files.look(path)?.isDirectory()) found.push(path);
    }
  }
  return found;
}

/** The paths below root that a pattern matches, part by part, in the order of their names. */
function matches(find: Find, pattern: string): string[] {
  const files = filesIn(find.tree);
  let found: string[] = [''];
  for (const part of pattern.split('/')) {
    const test = isPattern(part) ? compilePattern(part) : undefined;
    found = found.flatMap((parent) => {
      const dir = resolveIn(files, parent);
      const at = (name: string): string => (parent === '' ? name : `${parent}/${name}`);
      if (test === undefined)
        return files.look(dir === '' ? part : `${dir}/${part}`) === undefined ? [] : [at(part)];
      if (!files.look(dir)?.isDirectory()) return [];
      if (part === '**') return descend(find, parent);
      return files
        .list(dir)
        .filter((name) => test.test(name))
        .map(at);
    });
  }
  return [...new Set(found)].filter((path) => path !== '' && !find.tree.excludes(path));
}

function missing(find: Find, path: string): Error {
  const words = `file not found in build context or excluded by .dockerignore: stat ${path}: file does not exist`;
  return invalid(`${find.keyword} failed: ${words}`, {
    hint: `Check the path: it is relative to the build context, and .dockerignore must not exclude it.`,
  });
}

async function findOne(find: Find, written: string): Promise<Source[]> {
  const relativePath = normalize(written.replace(/^\/+/, '') || '.');
  if (relativePath === '..' || relativePath.startsWith('../')) {
    if (!written.startsWith('/')) {
      throw forbidden(`${find.keyword} failed: forbidden path outside the build context: ${written}`, {
        hint: 'Start the build from a folder that contains the file, or copy the file into the context.',
      });
    }
  }
  const files = filesIn(find.tree);
  const path = cleanParts(relativePath).join('/');
  if (isPattern(path)) {
    const found = matches(find, path);
    if (found.length > 0) return Promise.all(found.map((each) => readSource(find.tree, each)));
    if (files.look(resolveIn(files, path)) === undefined) return [];
  }
  const stats = files.look(resolveIn(files, path));
  if (stats === undefined) throw missing(find, path);
  if (!find.tree.excludes(path)) return [await readSource(find.tree, path)];
  // An excluded directory may hold files that are included again.
  const source = stats.isDirectory() ? await readSource(find.tree, path) : undefined;
  if (source === undefined || source.entries.length < 2) throw missing(find, path);
  return [source];
}

/**
 * All sources, in the order written; none for a pattern that nothing matches. Not there: `invalid`; out of the context:
 * `forbidden`.
 */
export async function findSources(find: Find, written: readonly string[]): Promise<Source[]> {
  const found: Source[] = [];
  for (const each of written) found.push(...(await findOne(find, each)));
  return found;
}
