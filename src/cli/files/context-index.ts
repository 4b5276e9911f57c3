// A build context by content: what it has, file by file, so that only what an engine lacks is sent.
import { createHash, hash } from 'node:crypto';
import { createReadStream, lstatSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { invalid, messageOf } from '#shared/errors.ts';
import { type PackedFile, packFiles } from './pack.ts';
import { type KnownFiles, openStatCache, type StatCache } from './stat-cache.ts';

export interface ContextIndex {
  /** What the engine knows the context by: the hex sha256 of `bytes`. */
  id: string;
  /** Nothing like it was built from here before: an engine hardly has it. */
  isNew: boolean;
  /** The index, as `POST /build/contexts` takes it. */
  bytes(): Promise<Buffer>;
  /** A tar of these files, named by their digests. */
  send(digests: readonly string[]): Promise<Readable>;
}

export interface IndexRequest {
  /** Absolute. */
  root: string;
  files: Iterable<PackedFile>;
  /** Files that are not on disk. */
  extra: readonly { name: string; content: Buffer }[];
  /** Where what is known of files is kept between builds; undefined: nowhere. */
  cacheDir: string | undefined;
}

interface Found extends PackedFile {
  stats: Stats;
}

const smallBytes = 1 << 20;
// A file that changed this lately could change again within the grain of its times.
const settledMs = 2_000;

/** Looks at every file; reads only those that are not as they were the last time. */
export async function indexContext(request: IndexRequest): Promise<ContextIndex> {
  const cache = openStatCache(request.cacheDir, request.root);
  const beganMs = Date.now();
  const found = look(request.files);
  const signature = signatureOf(found, request.extra);
  let made: Promise<Made> | undefined;
  const make = (): Promise<Made> => {
    made ??= makeIndex(found, request, { cache, beganMs, signature });
    return made;
  };
  const known = cache.idOf(signature);
  return {
    id: known ?? (await make()).id,
    isNew: known === undefined,
    bytes: async () => (await make()).bytes,
    send: async (digests) => {
      const wanted = new Set(digests);
      const { files, extra } = await make();
      const chosen = [...wanted].flatMap((digest) => {
        const path = files.get(digest);
        return path === undefined ? [] : [{ name: digest, path }];
      });
      return packFiles(chosen, { owners: false, extra: extra.filter(({ name }) => wanted.has(name)) });
    },
  };
}

function look(files: Iterable<PackedFile>): Found[] {
  const found: Found[] = [];
  for (const { name, path } of files) found.push({ name, path, stats: lstatSync(path) });
  return found;
}

/** The same text for files that nothing was done to. */
function signatureOf(found: readonly Found[], extra: IndexRequest['extra']): string {
  let text = '';
  for (const { name, stats } of found)
    text += `${name}\0${stats.mode}\0${stats.size}\0${stats.mtimeMs}\0${stats.ctimeMs}\0${stats.ino}\n`;
  for (const { name, content } of extra) text += `${name}\0${hash('sha256', content)}\n`;
  return hash('sha256', text);
}

interface Made {
  id: string;
  bytes: Buffer;
  /** Digest to path. */
  files: Map<string, string>;
  /** Contents by digest. */
  extra: { name: string; content: Buffer }[];
}

async function makeIndex(
  found: readonly Found[],
  { extra }: IndexRequest,
  { cache, beganMs, signature }: { cache: StatCache; beganMs: number; signature: string },
): Promise<Made> {
  const before = cache.files();
  const after: KnownFiles = {};
  const files = new Map<string, string>();
  const rows: string[] = [];
  let isSettled = true;
  for (const each of found) {
    const { name, path, stats } = each;
    if (!stats.isFile()) {
      rows.push(...plainRow(each));
      continue;
    }
    const marks = `${stats.size} ${stats.mtimeMs} ${stats.ctimeMs} ${stats.ino}`;
    const known = before[name];
    const digest = known?.[0] === marks ? known[1] : await digestOf(path, stats.size);
    files.set(digest, path);
    if (stats.ctimeMs < beganMs - settledMs) after[name] = [marks, digest];
    else isSettled = false;
    rows.push(row('f', name, { mode: stats.mode, mtime: stats.mtimeMs, size: stats.size }, digest));
  }
  const inline = extra.map(({ name, content }) => ({ name, content, digest: hash('sha256', content) }));
  for (const { name, content, digest } of inline)
    rows.push(row('f', name, { mode: 0o644, mtime: 0, size: content.length }, digest));
  const bytes = Buffer.from(`{"version":1,"entries":[${rows.join(',')}]}`);
  const id = hash('sha256', bytes);
  cache.keep({ files: after, ...(isSettled ? { signature, id } : {}) });
  return { id, bytes, files, extra: inline.map(({ digest, content }) => ({ name: digest, content })) };
}

function plainRow({ name, path, stats }: Found): string[] {
  const facts = { mode: stats.mode, mtime: stats.mtimeMs, size: 0 };
  if (stats.isDirectory()) return [row('d', name, facts, '')];
  if (stats.isSymbolicLink()) return [row('l', name, facts, readlinkSync(path))];
  // Sockets and devices of this machine mean nothing elsewhere.
  return stats.isFIFO() ? [row('p', name, facts, '')] : [];
}

function row(
  type: string,
  name: string,
  { mode, mtime, size }: { mode: number; mtime: number; size: number },
  last: string,
): string {
  const seconds = Math.max(0, Math.floor(mtime / 1000));
  return `["${type}",${JSON.stringify(name)},${mode & 0o7777},${seconds},${size},${JSON.stringify(last)}]`;
}

async function digestOf(path: string, size: number): Promise<string> {
  try {
    if (size <= smallBytes) return hash('sha256', readFileSync(path));
    const sum = createHash('sha256');
    await pipeline(createReadStream(path, { highWaterMark: smallBytes }), sum);
    return sum.digest('hex');
  } catch (cause) {
    throw invalid(`can't read ${path}: ${messageOf(cause)}`, { cause });
  }
}
