// Numbers that look random and come again: a test that fails names the seed it failed with.

/** `WHARF_TEST_SEED`, or the same every time. */
export const seed = Number(process.env['WHARF_TEST_SEED'] ?? 20261);

/** Numbers from 0 to below 1 that follow from the seed (mulberry32). */
export function numbersFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
