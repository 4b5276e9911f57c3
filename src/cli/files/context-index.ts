// A build context by content: what it has, file by file, so that only what an engine lacks is sent.
import { constants, createReadStream, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { invalid, messageOf } from '#shared/errors.ts';
import { openSha256, sha256Of } from './sha256.ts';
import { type KnownFiles, openStatCache, type StatCache } from './stat-cache.ts';
import type { Walk } from './walk.ts';

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
  walk: Walk;
  /** Files that are not on disk. */
  extra: readonly { name: string; content: Buffer }[];
  /** Where what is known of files is kept between builds; undefined: nowhere. */
  cacheDir: string | undefined;
}

/** Thousands of them are looked at by a program that has just begun: numbers in one list leave nothing to collect. */
interface Found {
  root: string;
  names: string[];
  /** Of each name: mode, size, modified and changed (milliseconds), inode. */
  facts: number[];
  /** All of it as one text: the same where nothing is known to have changed. */
  signature: string;
}

interface Facts {
  mode: number;
  size: number;
  mtimeMs: number;
  /** Changes with whatever is done to the file. */
  marks: string;
  ctimeMs: number;
}

const perName = 5;

const smallBytes = 1 << 20;
// A file that changed this lately could change again within the grain of its times.
const settledMs = 2_000;

/** Looks at every file; reads only those that are not as they were the last time. */
export async function indexContext(request: IndexRequest): Promise<ContextIndex> {
  const cache = openStatCache(request.cacheDir, request.root);
  const beganMs = Date.now();
  const found = look(request);
  let made: Promise<Made> | undefined;
  const make = (): Promise<Made> => {
    made ??= makeIndex(found, request, { cache, beganMs });
    return made;
  };
  const known = cache.idOf(found.signature);
  return {
    id: known ?? (await make()).id,
    isNew: known === undefined,
    bytes: async () => (await make()).bytes,
    send: async (digests) => {
      const wanted = new Set(digests);
      const { files, extra } = await make();
      const { packFiles } = await import('./pack.ts');
      const chosen = [...wanted].flatMap((digest) => {
        const path = files.get(digest);
        return path === undefined ? [] : [{ name: digest, path }];
      });
      return packFiles(chosen, { owners: false, extra: extra.filter(({ name }) => wanted.has(name)) });
    },
  };
}

/** Names sorted, each directory before what it holds. */
function look({ root, walk, extra }: IndexRequest): Found {
  const [names, facts]: [string[], number[]] = [[], []];
  let text = `${root}\n`;
  const lookIn = (under: string): void => {
    for (const entry of readdirSync(under === '' ? root : `${root}/${under}`).sort()) {
      const name = under === '' ? entry : `${under}/${entry}`;
      const isKept = walk.keeps(name);
      if (!isKept && !walk.mayHoldKept(name)) continue;
      const { mode, size, mtimeMs, ctimeMs, ino } = lstatSync(`${root}/${name}`);
      if (isKept) {
        names.push(name);
        facts.push(mode, size, mtimeMs, ctimeMs, ino);
        text += `${name}\0${mode}\0${size}\0${mtimeMs}\0${ctimeMs}\0${ino}\n`;
      }
      if (kindOf(mode) === 'd') lookIn(name);
    }
  };
  lookIn('');
  for (const { name, content } of extra) text += `${name}\0${content.toString('base64')}\n`;
  return { root, names, facts, signature: text };
}

function factsAt({ facts }: Found, at: number): Facts {
  const [mode = 0, size = 0, mtimeMs = 0, ctimeMs = 0, ino = 0] = facts.slice(
    at * perName,
    (at + 1) * perName,
  );
  return { mode, size, mtimeMs, ctimeMs, marks: `${size} ${mtimeMs} ${ctimeMs} ${ino}` };
}

const kinds: Readonly<Record<number, 'f' | 'd' | 'l' | 'p'>> = {
  [constants.S_IFREG]: 'f',
  [constants.S_IFDIR]: 'd',
  [constants.S_IFLNK]: 'l',
  [constants.S_IFIFO]: 'p',
};

/** As in the index; undefined for sockets and devices, which mean nothing elsewhere. */
function kindOf(mode: number): 'f' | 'd' | 'l' | 'p' | undefined {
  return kinds[mode & constants.S_IFMT];
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
  found: Found,
  { extra }: IndexRequest,
  { cache, beganMs }: { cache: StatCache; beganMs: number },
): Promise<Made> {
  const before = cache.files();
  const after: KnownFiles = {};
  const files = new Map<string, string>();
  const rows: string[] = [];
  let isSettled = true;
  for (const [at, name] of found.names.entries()) {
    const facts = factsAt(found, at);
    const path = `${found.root}/${name}`;
    const kind = kindOf(facts.mode);
    if (kind === undefined) continue;
    if (kind !== 'f') {
      rows.push(row(kind, name, { ...facts, size: 0 }, kind === 'l' ? readlinkSync(path) : ''));
      continue;
    }
    const known = before[name];
    const digest = known?.[0] === facts.marks ? known[1] : await digestOf(path, facts.size);
    files.set(digest, path);
    if (facts.ctimeMs < beganMs - settledMs) after[name] = [facts.marks, digest];
    else isSettled = false;
    rows.push(row('f', name, facts, digest));
  }
  const inline = extra.map(({ name, content }) => ({ name, content, digest: sha256Of(content) }));
  for (const { name, content, digest } of inline)
    rows.push(row('f', name, { mode: 0o644, mtimeMs: 0, size: content.length }, digest));
  const bytes = Buffer.from(`{"version":1,"entries":[${rows.join(',')}]}`);
  const id = sha256Of(bytes);
  cache.keep({ files: after, ...(isSettled ? { signature: found.signature, id } : {}) });
  return { id, bytes, files, extra: inline.map(({ digest, content }) => ({ name: digest, content })) };
}

function row(
  type: string,
  name: string,
  { mode, mtimeMs, size }: Pick<Facts, 'mode' | 'mtimeMs' | 'size'>,
  last: string,
): string {
  const seconds = Math.max(0, Math.floor(mtimeMs / 1000));
  return `["${type}",${JSON.stringify(name)},${mode & 0o7777},${seconds},${size},${JSON.stringify(last)}]`;
}

async function digestOf(path: string, size: number): Promise<string> {
  try {
    if (size <= smallBytes) return sha256Of(readFileSync(path));
    const sum = openSha256();
    for await (const piece of createReadStream(path, { highWaterMark: smallBytes })) sum.update(piece);
    return sum.digest('hex');
  } catch (cause) {
    throw invalid(`can't read ${path}: ${messageOf(cause)}`, { cause });
  }
}
