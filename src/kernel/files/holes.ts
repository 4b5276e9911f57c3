// Where a file has holes (lseek(2), SEEK_DATA and SEEK_HOLE).
import { bind } from '#kernel/libc.ts';
import { codeOf } from '#shared/errors.ts';

const lseekCall = bind('lseek', 'int64_t', ['int', 'int64_t', 'int']);
const seekData = 3;
const seekHole = 4;

/**
 * The parts of the first `size` bytes that are no holes, in order. One part of all where the file system does not tell.
 * Moves the descriptor's offset.
 */
export function dataRuns(descriptor: number, size: number): { at: number; bytes: number }[] {
  const runs: { at: number; bytes: number }[] = [];
  for (let end = 0; end < size; ) {
    const at = seek(descriptor, end, seekData);
    if (at === undefined || at >= size) break;
    end = Math.min(seek(descriptor, at, seekHole) ?? size, size);
    runs.push({ at, bytes: end - at });
  }
  return runs;
}

// ENXIO: there is no data any more.
function seek(descriptor: number, from: number, whence: number): number | undefined {
  try {
    return lseekCall(descriptor, from, whence);
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === 'ENXIO') return undefined;
    if (code === 'EINVAL' && whence === seekData) return from;
    if (code === 'EINVAL') return undefined;
    throw thrown;
  }
}
