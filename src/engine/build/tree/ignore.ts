// .dockerignore: which paths of a build context take part.
import { createRequire } from 'node:module';
import type { Ignore } from '@balena/dockerignore';

// The package is CommonJS whose types speak of a default export that it does not have.
const ignore = createRequire(import.meta.url)('@balena/dockerignore') as () => Ignore;

export interface IgnoreRules {
  /** True for a path, relative to the context, that is left out. The context itself never is. */
  excludes(path: string): boolean;
  /** True where nothing below an excluded directory can come back (no `!` rule). */
  prunes: boolean;
}

/** The rules of a .dockerignore file. */
export function parseIgnore(text: string): IgnoreRules {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '' && !line.startsWith('#'));
  if (lines.length === 0) return { excludes: () => false, prunes: true };
  const rules = ignore().add(lines);
  return {
    excludes: (path) => path !== '' && path !== '.' && rules.ignores(path),
    prunes: !lines.some((line) => line.trim().startsWith('!')),
  };
}
