// A release's command line is one file that starts quickly and is not Node. What only Node can do goes on in Node.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type EngineError, unsupported } from '#shared/errors.ts';
import type { NeedsNode } from '#shared/needs-node.ts';

/** Beside the program, in a release: the same command line, run by Node. */
export const onNode = 'wharf-on-node';

/**
 * This process becomes Node with the same words, environment and streams; whoever waits for it notices nothing.
 * Comes back only with the error for a program that was taken out of its release, where nobody is there to go on.
 */
export function handOver(words: readonly string[], cause: NeedsNode): EngineError {
  const program = join(dirname(dirname(process.execPath)), 'lib', onNode);
  const become = process.execve;
  if (become === undefined || !existsSync(program)) {
    return unsupported(`this is the command line alone: ${cause.message}`, {
      cause,
      hint: 'use bin/wharf of the whole release',
    });
  }
  return become.call(process, program, [program, ...words], process.env);
}
