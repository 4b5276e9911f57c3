// Pipes of the kernel: what Node calls a pipe is a socket, which no program can open by its name under /proc.
import { bind } from '#kernel/libc.ts';

const pipe2 = bind('pipe2', 'int', ['void *', 'int']);
const closeOnExec = 0o2000000;

/** pipe2(2) with O_CLOEXEC. The caller closes both ends. */
export function openPipe(): { readEnd: number; writeEnd: number } {
  const ends = Buffer.alloc(8);
  pipe2(ends, closeOnExec);
  const [readEnd = -1, writeEnd = -1] = new Int32Array(ends.buffer, ends.byteOffset, 2);
  return { readEnd, writeEnd };
}
