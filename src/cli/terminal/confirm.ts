// Asking before something is lost.
import { createInterface } from 'node:readline/promises';
import type { Cli } from '#cli/context.ts';

/** True where the user types y or yes. Anything else, and no terminal to type at, is a no. */
export async function confirm(cli: Cli, question: string): Promise<boolean> {
  cli.stdout.write(`${question} [y/N] `);
  const lines = createInterface({ input: cli.stdin });
  try {
    for await (const line of lines) return /^y(es)?$/i.test(line.trim());
    cli.stdout.write('\n');
    return false;
  } finally {
    lines.close();
  }
}
