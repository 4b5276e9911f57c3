// Writing much to a pipe that may be read slowly.
import type { Output } from '#cli/context.ts';

/** One wait per output, however many write to it at once: each of its own would be a listener more. */
const waits = new WeakMap<Output, Promise<void>>();

/** Resolves once there is room for more: nothing piles up here, however slow the reader is. */
export async function writeSlowly(output: Output, data: string | Uint8Array): Promise<void> {
  if (output.write(data) !== false) return;
  let wait = waits.get(output);
  if (wait === undefined) {
    wait = new Promise<void>((resolve) => void output.once('drain', resolve));
    waits.set(output, wait);
    void wait.then(() => waits.delete(output));
  }
  await wait;
}

/** Resolves once all that was written is out of our hands. A reader that went away ends it too. */
export function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}
