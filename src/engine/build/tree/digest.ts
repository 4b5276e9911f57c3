// sha256 of files, remembered for as long as a file does not change.
import { createHash, hash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { sliceStream } from './slice.ts';
import type { Content, EntryStats } from './tree-files.ts';

const smallBytes = 256 * 1024;
const mostRemembered = 50_000;
// A file whose change time is this close could change again within the clock's grain.
const settledMs = 2_000;
const remembered = new Map<string, string>();

/** Hex sha256 of a regular file. */
export async function digestOfFile(
  content: Content,
  stats: EntryStats & { ctimeMs?: number },
): Promise<string> {
  if (typeof content !== 'string') return await digestOf(sliceStream(content));
  const { ctimeMs = Date.now() } = stats;
  const key = `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeMs}:${ctimeMs}`;
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const digest =
    stats.size <= smallBytes
      ? hash('sha256', readFileSync(content))
      : await digestOf(createReadStream(content, { highWaterMark: smallBytes }));
  if (Date.now() - ctimeMs > settledMs) {
    if (remembered.size >= mostRemembered) remembered.clear();
    remembered.set(key, digest);
  }
  return digest;
}

async function digestOf(bytes: Readable): Promise<string> {
  const sum = createHash('sha256');
  await pipeline(bytes, sum);
  return sum.digest('hex');
}
