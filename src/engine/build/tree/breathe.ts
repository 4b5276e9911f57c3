// Long synchronous work on many small files lets the event loop breathe now and then.
import { setImmediate } from 'node:timers/promises';

const sliceMs = 8;

/** A function to await between pieces of work: it gives way once a slice of time is used up. */
export function breather(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < sliceMs) return undefined;
    return setImmediate().then(() => {
      since = performance.now();
    });
  };
}
