// Doing one thing to each of several named things, as `stop a b c`.
import type { Cli } from '#cli/context.ts';
import { printError } from '#cli/failure.ts';
import { isKind } from '#shared/errors.ts';

/**
 * Does it to all at once, prints each one's name (or what the deed answers; null is nothing) in the order given, and each error.
 * Resolves to the exit code: 1 where anything failed.
 */
export async function forEachName(
  cli: Cli,
  names: readonly string[],
  deed: (name: string) => Promise<string | null | undefined>,
): Promise<number> {
  let code = 0;
  const outcomes = names.map(async (name) => {
    const answer = await deed(name);
    return answer === undefined ? name : answer;
  });
  for (const outcome of await Promise.allSettled(outcomes)) {
    if (outcome.status === 'fulfilled') {
      if (outcome.value !== null) cli.print(outcome.value);
      continue;
    }
    // Where no engine answers, once is enough.
    if (isKind(outcome.reason, 'unavailable') || names.length === 1) throw outcome.reason;
    printError(outcome.reason);
    code = 1;
  }
  return code;
}
