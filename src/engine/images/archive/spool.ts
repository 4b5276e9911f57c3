// A tar of images on its way in: every file is hashed as it arrives and lies in the store or in a scratch folder.
import { createReadStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { codeOf, invalid, isKind, messageOf } from '#shared/errors.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { type SpooledEntry, spoolFiles } from '#storage/archive/archive.ts';
import type { ContentStore } from '#storage/content/content.ts';
import type { Attempt } from '../garbage.ts';

/** One file of the archive; the bytes at `path` have this digest. */
export interface SpooledFile {
  digest: Digest;
  sizeBytes: number;
  path: string;
}

export interface SpoolPlace {
  content: ContentStore;
  attempt: Attempt;
  /** An existing folder; what is put there belongs to the caller. */
  scratch: string;
  signal?: AbortSignal | undefined;
}

const maxFiles = 100_000;
const maxDocumentBytes = 16 * 1024 * 1024;

/** The files of an image archive by their names. */
export class Spool {
  readonly #files = new Map<string, SpooledFile>();
  readonly #links = new Map<string, string>();

  add(name: string, file: SpooledFile): void {
    if (this.#files.size >= maxFiles) throw invalid(`invalid archive: more than ${maxFiles} files`);
    this.#files.set(name, file);
  }

  link(name: string, target: string): void {
    this.#links.set(name, target);
  }

  find(name: string): SpooledFile | undefined {
    let at = name;
    for (let hops = 0; hops < 10; hops++) {
      const target = this.#links.get(at);
      if (target === undefined) return this.#files.get(at);
      at = target;
    }
    return undefined;
  }

  /** Throws `invalid` where the archive lacks it. */
  get(name: string): SpooledFile {
    const file = this.find(name);
    if (file === undefined) throw invalid(`invalid archive: it has no file ${JSON.stringify(name)}`);
    return file;
  }

  /** A small file's bytes. */
  async read(name: string): Promise<Buffer> {
    const file = this.get(name);
    if (file.sizeBytes > maxDocumentBytes)
      throw invalid(`invalid archive: ${name} has ${file.sizeBytes} bytes`);
    return await readFile(file.path);
  }
}

/** Reads the whole archive, in any compression. Throws `invalid` on names that lead out, or a torn archive. */
export async function spoolArchive(stream: Readable, place: SpoolPlace): Promise<Spool> {
  const { signal } = place;
  const target = join(place.scratch, 'files');
  await mkdir(target);
  const entries = await spoolFiles({ stream, target, maxFiles, signal }).catch((thrown: unknown) => {
    if (!isKind(thrown, 'invalid') || /^invalid archive/.test(messageOf(thrown))) throw thrown;
    throw invalid(`invalid tar archive: ${messageOf(thrown)}`, { cause: thrown });
  });
  const spool = new Spool();
  for (const [number, entry] of entries.entries()) {
    await takeEntry(spool, entry, { ...place, path: join(target, String(number)) });
  }
  return spool;
}

async function takeEntry(
  spool: Spool,
  { name: asked, type, linkName, sizeBytes, digest }: SpooledEntry,
  place: SpoolPlace & { path: string },
): Promise<void> {
  const name = safeName(asked);
  if (type === 'symlink') spool.link(name, safeName(posix.join(posix.dirname(name), linkName)));
  else if (type === 'link') spool.link(name, safeName(linkName));
  else if (digest !== undefined)
    spool.add(name, await settled({ digest, sizeBytes, path: place.path }, name, place));
  else if (type !== 'directory') throw invalid(`invalid archive: ${JSON.stringify(name)} is a ${type}`);
}

/** A file that is named as a blob goes to the store at once; its bytes must be what its name says. */
async function settled(file: SpooledFile, name: string, place: SpoolPlace): Promise<SpooledFile> {
  const named = /^blobs\/sha256\/([a-f0-9]{64})$/.exec(name)?.[1];
  if (named === undefined) return file;
  if (file.digest !== `sha256:${named}`) {
    throw invalid(`blob digest mismatch: expected sha256:${named}, got ${file.digest}`);
  }
  await adopt(file, place);
  return { ...file, path: place.content.path(file.digest) };
}

/** The name without `./`; throws `invalid` where it is absolute or climbs. */
export function safeName(name: string): string {
  const parts = name.split('/');
  if (name.startsWith('/') || parts.includes('..') || name.includes('\0')) {
    throw invalid(`invalid archive: the name ${JSON.stringify(name.slice(0, 200))} leads out of it`);
  }
  return parts.filter((part) => part !== '' && part !== '.').join('/');
}

/** Moves a scratch file into the content store, where it is not there. Safe to repeat. */
export async function adopt(file: SpooledFile, { content, attempt }: SpoolPlace): Promise<void> {
  attempt.hold('blob', file.digest);
  if (content.has(file.digest)) return;
  try {
    content.adopt(file.path, { digest: file.digest, size: file.sizeBytes });
  } catch (thrown) {
    // The scratch folder may be on another disk.
    if (codeOf(thrown) !== 'EXDEV') throw thrown;
    await ingestAll(content, createReadStream(file.path), file);
  }
}

async function ingestAll(
  content: ContentStore,
  from: AsyncIterable<Buffer>,
  { digest, sizeBytes }: { digest: Digest; sizeBytes: number },
): Promise<void> {
  await using ingest = await content.ingest(`archive ${digest}`, { digest, size: sizeBytes });
  // A half-written one of a killed engine is of another archive: begin anew.
  if (ingest.offset > 0) {
    await ingest.discard();
    return await ingestAll(content, from, { digest, sizeBytes });
  }
  for await (const chunk of from) await ingest.write(chunk);
  await ingest.commit({ sync: 'later' });
}

/** The stream, decompressed where its first bytes say that it is gzip or zstd. */
export async function decompressed(stream: Readable): Promise<Readable> {
  const [head, whole] = await peek(stream);
  const isGzip = head[0] === 0x1f && head[1] === 0x8b;
  const isZstd = head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528;
  if (!isGzip && !isZstd) return whole;
  const decoder = isGzip ? createGunzip() : createZstdDecompress();
  pipeline(whole, decoder).catch(() => {});
  return decoder;
}

async function peek(stream: Readable): Promise<[Buffer, Readable]> {
  const chunks = stream.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  const taken: Buffer[] = [];
  let have = 0;
  while (have < 4) {
    const next = await chunks.next();
    if (next.done) break;
    taken.push(next.value);
    have += next.value.length;
  }
  async function* all(): AsyncGenerator<Buffer> {
    try {
      yield* taken;
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
    } finally {
      // The source may be a request whose connection still has to carry the answer: read on, do not break it.
      await chunks.return?.();
      stream.resume();
    }
  }
  return [Buffer.concat(taken), Readable.from(all(), { objectMode: false })];
}
