// Files with holes on disk: written so, and looked at.
import { ftruncateSync, type Stats, writeSync } from 'node:fs';
import { dataRuns } from '#kernel/files/holes.ts';
import type { Run, TarEntry } from '../tar/entry.ts';
import type { ByteSource } from '../tar/source.ts';
import { eachContent, eachZeros } from '../tar/sparse.ts';

/** Afterwards the new file has the entry's content, with its holes. `onContent` sees them as zeros. */
export function writeSparse(
  fd: number,
  source: ByteSource,
  entry: TarEntry,
  onContent?: (piece: Buffer) => void,
): void {
  let at = 0;
  const put = (piece: Buffer): void => {
    onContent?.(piece);
    for (let done = 0; done < piece.length; ) {
      const count = writeSync(fd, piece, done, piece.length - done, at);
      done += count;
      at += count;
    }
  };
  const see = (zeros: Buffer): void => {
    onContent?.(zeros);
    at += zeros.length;
  };
  const skip = (bytes: number): void => {
    if (onContent === undefined) at += bytes;
    else eachZeros(bytes, see);
  };
  eachContent(source, entry, put, skip);
  ftruncateSync(fd, entry.size);
}

/** What there is of a file of `size` bytes; undefined where it is all of it, or the file system does not tell. */
export function runsOf(fd: number, { size, blocks }: Pick<Stats, 'size' | 'blocks'>): Run[] | undefined {
  if (blocks * 512 >= size) return undefined;
  const runs = dataRuns(fd, size);
  const [first] = runs;
  return runs.length === 1 && first?.bytes === size ? undefined : runs;
}
