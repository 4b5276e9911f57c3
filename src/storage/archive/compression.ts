// Which compression some bytes have, and who undoes it.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { unavailable } from '#shared/errors.ts';

export type Compression = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2';

const magics: [Compression, Buffer][] = [
  ['gzip', Buffer.from([0x1f, 0x8b])],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
  ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])],
  ['bzip2', Buffer.from('BZh')],
];
/** How many bytes `sniffCompression` wants to see. */
export const sniffBytes = 6;

/** By the first bytes; media types lie. A zstd stream may begin with a skippable frame (RFC 8878, 3.1.2). */
export function sniffCompression(start: Uint8Array): Compression {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.byteLength);
  const found = magics.find(([, magic]) => bytes.subarray(0, magic.length).equals(magic));
  if (found !== undefined) return found[0];
  const isSkippable = bytes.length >= 4 && (bytes.readUInt32LE(0) & 0xfffffff0) >>> 0 === 0x184d2a50;
  return isSkippable ? 'zstd' : 'none';
}

/** A stream that undoes gzip or zstd, on Node's own threads; undefined for the others. */
export function decompressorFor(compression: Compression): Transform | undefined {
  if (compression === 'gzip') return createGunzip({ chunkSize: 256 * 1024 });
  if (compression === 'zstd') return createZstdDecompress({ chunkSize: 256 * 1024 });
  return undefined;
}

interface Codec {
  program: string;
  args: string[];
}

const decompressors: Record<Exclude<Compression, 'none'>, Codec[]> = {
  gzip: [{ program: 'igzip', args: ['-dc'] }],
  zstd: [{ program: 'zstd', args: ['-dcq'] }],
  xz: [{ program: 'xz', args: ['-dcq'] }],
  bzip2: [{ program: 'bzip2', args: ['-dcq'] }],
};

const compressors: Record<'gzip' | 'zstd', Codec[]> = {
  gzip: [
    // Without the time at which it is done: the same layer is the same blob.
    { program: 'igzip', args: ['-1', '-nc'] },
    { program: 'pigz', args: ['-1', '-nc'] },
    { program: 'gzip', args: ['-1', '-nc'] },
  ],
  zstd: [{ program: 'zstd', args: ['-1', '-qc'] }],
};

/** An installed program that undoes it, from standard input to standard output. */
export function findDecompressor(compression: Exclude<Compression, 'none'>): Codec | undefined {
  return decompressors[compression].find(({ program }) => isInstalled(program));
}

/** The fastest installed program that compresses; throws `unavailable` where there is none. */
export function compressorFor(compression: 'gzip' | 'zstd'): Codec {
  const found = compressors[compression].find(({ program }) => isInstalled(program));
  if (found === undefined) throw unavailable(`${compression} is not installed`);
  return found;
}

/** The error for a compression that needs a program which is not there. */
export function missingDecompressor(compression: Compression): Error {
  return unavailable(`${compression} is not installed`, {
    hint: `Install it with: apt-get install ${compression === 'xz' ? 'xz-utils' : compression}`,
  });
}

const installed = new Map<string, boolean>();

function isInstalled(program: string): boolean {
  const known = installed.get(program);
  if (known !== undefined) return known;
  const dirs = (process.env['PATH'] ?? '/usr/bin:/bin').split(delimiter);
  const found = dirs.some((dir) => {
    try {
      accessSync(join(dir, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  installed.set(program, found);
  return found;
}
