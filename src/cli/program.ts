// The whole command line as one call: what `bin/wharf` runs from the sources, and what a release is bundled from.
import { runLine } from '#cli/line.ts';
import { flushed } from '#cli/terminal/write.ts';

/** Runs the words after `wharf`, then ends the process with the exit code. */
export async function runProgram(words: readonly string[]): Promise<void> {
  const code = await runLine(words);
  // Exiting by ourselves, as idle connections would hold us; but a pipe may still have to take what was written.
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit(code);
}
