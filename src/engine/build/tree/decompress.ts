// Files as they are inside their compression: gzip and zstd by Node, xz and bzip2 by their programs.
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { missingProgram, startProgram } from '#kernel/spawn.ts';
import { codeOf, invalid } from '#shared/errors.ts';

export type Compression = 'gzip' | 'zstd' | 'xz' | 'bzip2';

const magics: [Compression, Buffer][] = [
  ['gzip', Buffer.from([0x1f, 0x8b])],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
  ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])],
  ['bzip2', Buffer.from('BZh')],
];

/** The first bytes of a file, at most `length`. */
export function headOf(path: string, length: number): Buffer {
  const descriptor = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(length);
    return buffer.subarray(0, readSync(descriptor, buffer));
  } finally {
    closeSync(descriptor);
  }
}

/** How bytes that begin like this are compressed; undefined: not. */
export function compressionOf(head: Buffer): Compression | undefined {
  return magics.find(([, magic]) => head.subarray(0, magic.length).equals(magic))?.[0];
}

function throughProgram(program: string, path: string): Readable {
  const child = startProgram(program, ['-dc', path], { stdio: ['ignore', 'pipe', 'ignore'] });
  const { stdout } = child;
  if (stdout === null) throw missingProgram(program);
  child.once('error', (thrown) =>
    stdout.destroy(codeOf(thrown) === 'ENOENT' ? missingProgram(program, thrown) : thrown),
  );
  child.once('exit', (code) => {
    if (code !== null && code !== 0)
      stdout.destroy(invalid(`${path} is damaged: ${program} ended with ${code}`));
  });
  stdout.once('close', () => void child.kill());
  return stdout;
}

/** The plain bytes; destroying the stream stops whatever makes them. */
export function openPlain(path: string): Readable {
  const compression = compressionOf(headOf(path, 6));
  if (compression === 'xz' || compression === 'bzip2') return throughProgram(compression, path);
  const file = createReadStream(path);
  if (compression === undefined) return file;
  const inflate = compression === 'gzip' ? createGunzip() : createZstdDecompress();
  return pipeline(file, inflate, () => {});
}
