// Parts of an open file: read as streams, copied to files of their own.
import { createReadStream, createWriteStream, readSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { internal } from '#shared/errors.ts';
import type { Slice } from './tree-files.ts';

const smallBytes = 512 * 1024;

/** The first bytes of it, at most `length`. */
export function sliceHead({ fd, offset, size }: Slice, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(Math.min(length, size));
  if (buffer.length === 0) return buffer;
  const count = readSync(fd, buffer, 0, buffer.length, offset);
  if (count !== buffer.length) throw internal('the spool of the context is shorter than its index');
  return buffer;
}

export function sliceStream({ fd, offset, size }: Slice): Readable {
  if (size === 0) return Readable.from([]);
  return createReadStream('', {
    fd,
    autoClose: false,
    start: offset,
    end: offset + size - 1,
    highWaterMark: 1 << 18,
  });
}

/** Writes it to a new file. */
export async function copySlice(slice: Slice, target: string): Promise<void> {
  if (slice.size <= smallBytes) writeFileSync(target, sliceHead(slice, slice.size), { flag: 'wx' });
  else await pipeline(sliceStream(slice), createWriteStream(target, { flags: 'wx' }));
}
