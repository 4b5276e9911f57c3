// The sources of COPY and ADD: patterns to paths, with Docker's sentences for what is missing or forbidden.
import { readdirSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { forbidden, invalid } from '#shared/errors.ts';
import { compilePattern, isPattern } from '../dockerfile/glob.ts';
import { cleanParts, lookAt, resolveInRoot } from './in-root.ts';
import { readSource, type Source, type SourceTree } from './source-tree.ts';

interface Find {
  /** `COPY` or `ADD`. */
  keyword: string;
  tree: SourceTree;
}

/** The paths below root that a pattern matches, part by part, in the order of their names. */
function matches(find: Find, pattern: string): string[] {
  let found: string[] = [''];
  for (const part of pattern.split('/')) {
    const test = isPattern(part) ? compilePattern(part) : undefined;
    found = found.flatMap((parent) => {
      const dir = resolveInRoot(find.tree.root, parent);
      if (test === undefined) return lookAt(join(dir, part)) === undefined ? [] : [join(parent, part)];
      if (!lookAt(dir)?.isDirectory()) return [];
      return readdirSync(dir)
        .filter((name) => test.test(name))
        .sort()
        .map((name) => join(parent, name));
    });
  }
  return found.filter((path) => !find.tree.excludes(path));
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
  const path = cleanParts(relativePath).join('/');
  if (isPattern(path)) {
    const found = matches(find, path);
    if (found.length > 0) return Promise.all(found.map((each) => readSource(find.tree, each)));
    if (lookAt(resolveInRoot(find.tree.root, path)) === undefined) {
      throw invalid(`${find.keyword} failed: no source files were specified`, {
        hint: `Nothing matches ${written}.`,
      });
    }
  }
  const real = resolveInRoot(find.tree.root, path);
  const stats = lookAt(real);
  if (stats === undefined) throw missing(find, path);
  if (!find.tree.excludes(path)) return [await readSource(find.tree, path)];
  // An excluded directory may hold files that are included again.
  const source = stats.isDirectory() ? await readSource(find.tree, path) : undefined;
  if (source === undefined || source.entries.length < 2) throw missing(find, path);
  return [source];
}

/** All sources, in the order written. Nothing there: `invalid`; out of the context: `forbidden`. */
export async function findSources(find: Find, written: readonly string[]): Promise<Source[]> {
  const found: Source[] = [];
  for (const each of written) found.push(...(await findOne(find, each)));
  return found;
}
