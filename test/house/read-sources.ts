// The source files of a checkout as the house rules look at them: their room, their lines, what they import.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export interface SourceFile {
  /** From the checkout, as `src/room/…`. */
  path: string;
  room: string;
  lines: string[];
  isTest: boolean;
  /** Paths of the checkout's own files that this one imports, types included. */
  imports: string[];
  /** Names of packages and `node:` modules whose values it imports. */
  packages: string[];
}

const root = join(import.meta.dirname, '../..');

/** Every TypeScript file under `src/`. */
export function readSources(): SourceFile[] {
  return globSync('src/**/*.{ts,tsx}', { cwd: root })
    .sort()
    .map((path) => readSource(path));
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  const specifiers = specifiersOf(text);
  const own = specifiers.filter((specifier) => /^[.#]/.test(specifier));
  return {
    path,
    room: path.split('/')[1] ?? '',
    lines: text.split('\n'),
    isTest: /\.test\.tsx?$/.test(path),
    imports: own.map((specifier) => resolveOwn(specifier, path)),
    packages: specifiersOf(text.replace(/import type [^;]*;/g, '')).filter(
      (specifier) => !/^[.#]/.test(specifier),
    ),
  };
}

function specifiersOf(text: string): string[] {
  return [...text.matchAll(/(?:^|\s)(?:from|import)\s*\(?\s*'([^'\n]+)'/g)].map((match) => match[1] ?? '');
}

function resolveOwn(specifier: string, importer: string): string {
  if (specifier.startsWith('#')) return `src/${specifier.slice(1)}`;
  return relative(root, join(root, dirname(importer), specifier));
}
