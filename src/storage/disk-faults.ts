// What a failing disk is called to a user.
import { codeOf, EngineError, internal } from '#shared/errors.ts';

/** The error to throw for something the file system threw while `doing` (as in "writing layer x"). */
export function diskFault(doing: string, thrown: unknown): unknown {
  if (thrown instanceof EngineError) return thrown;
  const code = codeOf(thrown);
  if (isDiskFull(thrown)) {
    return internal(`no space left on device: ${doing}`, {
      cause: thrown,
      hint: 'Free some disk space, for example with `image prune` or `system prune`, and try again.',
    });
  }
  if (code === 'EROFS') return internal(`read-only file system: ${doing}`, { cause: thrown });
  return thrown;
}

/** True where the file system had no room, or the quota none. */
export function isDiskFull(thrown: unknown): boolean {
  const code = codeOf(thrown);
  return code === 'ENOSPC' || code === 'EDQUOT';
}
