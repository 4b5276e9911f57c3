// A tar of images on its way in: every file is hashed as it arrives and lies in the store or in a scratch folder.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { extract } from 'tar-stream';
import { codeOf, EngineError, invalid, messageOf } from '#shared/errors.ts';
import { type Digest, isDigest } from '#shared/oci/digest.ts';
import type { ContentStore } from '#storage/content/content.ts';
import type { Attempt } from '../garbage.ts';

/** One file of the archive; the bytes at `path` have this digest. */
export interface SpooledFile {
  digest: Digest;
  sizeBytes: number;
  path: string;
}

type Entry = ReturnType<typeof extract> extends AsyncIterable<infer One> ? One : never;

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

/** Reads the whole archive, plain, gzip or zstd. Throws `invalid` on names that lead out, or a torn archive. */
export async function spoolArchive(stream: Readable, place: SpoolPlace): Promise<Spool> {
  const spool = new Spool();
  const files = extract();
  const plain = await decompressed(stream);
  const feeding = pipeline(plain, files, place.signal === undefined ? {} : { signal: place.signal });
  feeding.catch(() => {});
  try {
    let number = 0;
    for await (const entry of files) await takeEntry(spool, entry, place, `${number++}`);
    await feeding;
  } catch (thrown) {
    plain.destroy();
    if (thrown instanceof EngineError || place.signal?.aborted) throw thrown;
    throw invalid(`invalid tar archive: ${messageOf(thrown)}`, { cause: thrown });
  }
  return spool;
}

async function takeEntry(spool: Spool, entry: Entry, place: SpoolPlace, number: string): Promise<void> {
  const { type, linkname } = entry.header;
  const name = safeName(entry.header.name);
  if (type === 'file' || type === 'contiguous-file') {
    spool.add(name, await takeFile(entry, name, place, number));
    return;
  }
  if (type === 'symlink') spool.link(name, safeName(posix.join(posix.dirname(name), linkname ?? '')));
  else if (type === 'link') spool.link(name, safeName(linkname ?? ''));
  else if (type !== 'directory') throw invalid(`invalid archive: ${JSON.stringify(name)} is a ${type}`);
  entry.resume();
}

/** The name without `./`; throws `invalid` where it is absolute or climbs. */
export function safeName(name: string): string {
  const parts = name.split('/');
  if (name.startsWith('/') || parts.includes('..') || name.includes('\0')) {
    throw invalid(`invalid archive: the name ${JSON.stringify(name.slice(0, 200))} leads out of it`);
  }
  return parts.filter((part) => part !== '' && part !== '.').join('/');
}

async function takeFile(entry: Entry, name: string, place: SpoolPlace, number: string): Promise<SpooledFile> {
  const named = `sha256:${/^blobs\/sha256\/([a-f0-9]{64})$/.exec(name)?.[1] ?? ''}`;
  if (isDigest(named))
    return await takeBlob(
      entry as AsyncIterable<Buffer>,
      { digest: named, sizeBytes: entry.header.size ?? 0 },
      place,
    );
  const path = join(place.scratch, number);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  async function* hashed(): AsyncGenerator<Buffer> {
    for await (const chunk of entry as AsyncIterable<Buffer>) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      yield chunk;
    }
  }
  await pipeline(hashed, createWriteStream(path, { flags: 'wx' }));
  return { digest: `sha256:${hash.digest('hex')}`, sizeBytes, path };
}

async function takeBlob(
  entry: AsyncIterable<Buffer>,
  { digest, sizeBytes }: { digest: Digest; sizeBytes: number },
  { content, attempt }: SpoolPlace,
): Promise<SpooledFile> {
  attempt.hold('blob', digest);
  if (content.has(digest)) {
    for await (const _ of entry);
    return { digest, sizeBytes: content.size(digest), path: content.path(digest) };
  }
  await ingestAll(content, entry, { digest, sizeBytes });
  return { digest, sizeBytes, path: content.path(digest) };
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
