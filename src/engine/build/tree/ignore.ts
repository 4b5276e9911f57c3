// .dockerignore: which paths of a build context take part.
import { parseIgnore as parseRules } from '#shared/notation/ignore.ts';

export interface IgnoreRules {
  /** True for a path, relative to the context, that is left out. The context itself never is. */
  excludes(path: string): boolean;
  /** True where nothing below an excluded directory can come back (no `!` rule). */
  prunes: boolean;
}

/** The rules of a .dockerignore file. What is no pattern: `invalid`. */
export function parseIgnore(text: string): IgnoreRules {
  const { excludes, hasExceptions } = parseRules(text);
  return { excludes, prunes: !hasExceptions };
}
