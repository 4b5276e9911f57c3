// ADD of a local tar archive: telling one from any other file, and unpacking it at the destination.
import { join } from 'node:path';
import { extractTree } from '#storage/archive/archive.ts';
import { compressionOf, headOf, openPlain } from './decompress.ts';
import { copySlice, sliceHead } from './slice.ts';
import type { Content } from './tree-files.ts';
import type { TreeWriter } from './tree-writer.ts';

const blockBytes = 512;

/** True for the header of a tar entry: its checksum is right. */
export function isTarHeader(block: Buffer): boolean {
  if (block.length < blockBytes) return false;
  const written = Number.parseInt(
    block
      .toString('latin1', 148, 156)
      .replace(/[\0 ].*$/s, '')
      .trim(),
    8,
  );
  let sum = 0;
  for (let index = 0; index < blockBytes; index++)
    sum += index >= 148 && index < 156 ? 32 : (block[index] ?? 0);
  return written === sum;
}

async function firstBlock(path: string): Promise<Buffer> {
  const stream = openPlain(path);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= blockBytes) break;
    }
  } catch {
    // Damaged from the beginning: an ordinary file as far as ADD is concerned.
  } finally {
    stream.destroy();
  }
  return Buffer.concat(chunks);
}

/** True where ADD unpacks the file: a tar, plain or in gzip, bzip2, xz or zstd. */
export async function isArchive(path: string): Promise<boolean> {
  const head = headOf(path, blockBytes);
  return isTarHeader(compressionOf(head) === undefined ? head : await firstBlock(path));
}

/** Path of the file where it is one that ADD unpacks: its own, or in the new `folder()` where it had none. */
export async function archiveIn(content: Content, folder: () => string): Promise<string | undefined> {
  if (typeof content === 'string') return (await isArchive(content)) ? content : undefined;
  const head = sliceHead(content, blockBytes);
  if (compressionOf(head) === undefined && !isTarHeader(head)) return undefined;
  const path = join(folder(), 'archive');
  await copySlice(content, path);
  return (await isArchive(path)) ? path : undefined;
}

/** Afterwards the contents of the archive are below the destination. Confined to the root; owners are the archive's. */
export async function unpackArchive(
  path: string,
  order: { writer: TreeWriter; destination: string; signal: AbortSignal },
): Promise<void> {
  const { writer, destination, signal } = order;
  const real = writer.ensureDirectory(destination, { uid: 0, gid: 0 });
  writer.touching(real);
  const stream = openPlain(path);
  try {
    await extractTree({ stream, root: writer.root, into: real.slice(writer.root.length) || '/', signal });
  } finally {
    stream.destroy();
  }
}
