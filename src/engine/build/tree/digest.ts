// sha256 of files, remembered for as long as a file does not change.
import { createHash, hash } from 'node:crypto';
import { createReadStream, readFileSync, type Stats } from 'node:fs';
import { pipeline } from 'node:stream/promises';

const smallBytes = 256 * 1024;
const mostRemembered = 50_000;
// A file whose change time is this close could change again within the clock's grain.
const settledMs = 2_000;
const remembered = new Map<string, string>();

/** Hex sha256 of a regular file. */
export async function digestOfFile(path: string, stats: Stats): Promise<string> {
  const key = `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeMs}:${stats.ctimeMs}`;
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const digest = stats.size <= smallBytes ? hash('sha256', readFileSync(path)) : await digestOfStream(path);
  if (Date.now() - stats.ctimeMs > settledMs) {
    if (remembered.size >= mostRemembered) remembered.clear();
    remembered.set(key, digest);
  }
  return digest;
}

async function digestOfStream(path: string): Promise<string> {
  const sum = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: smallBytes }), sum);
  return sum.digest('hex');
}
