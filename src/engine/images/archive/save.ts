// Save: one tar that both `docker load` and readers of OCI image layouts take.
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import { type Digest, hexOf } from '#shared/oci/digest.ts';
import {
  familiarReference,
  familiarRepository,
  formatReference,
  parseReference,
  type Reference,
} from '#shared/oci/reference.ts';
import { type Descriptor, type Index, type Manifest, mediaTypes } from '#shared/oci/specs.ts';
import { chainIdsOf } from '#storage/snapshots/chain-id.ts';
import { imageIdOf } from '../add.ts';
import { Attempt } from '../garbage.ts';
import { type ImageRecord, subjectsOf } from '../record.ts';
import type { ImageRoom } from '../room.ts';
import { announce } from '../tag.ts';
import { blobOf, type LayerFile, packPlain } from './layer-file.ts';
import { nameAnnotation, refAnnotation } from './oci-layout.ts';

interface Chosen {
  image: ImageRecord;
  names: Reference[];
}

interface Saved {
  index: Descriptor[];
  items: { Config: string; RepoTags: string[] | null; Layers: string[] }[];
  repositories: Record<string, Record<string, string>>;
}

export interface SaveOptions {
  /** Names in the archive, in place of those that the images have here. */
  as?: readonly string[];
}

/** Throws `not-found` at once; the stream then belongs to the caller, and fails where a layer cannot be read. */
export function saveImages(room: ImageRoom, names: readonly string[], { as }: SaveOptions = {}): Readable {
  const all = choose(room, names);
  const chosen = as === undefined ? all : all.map(({ image }) => ({ image, names: as.map(parseReference) }));
  return archiveStream((tar) => write(room, chosen, tar));
}

/** What `write` puts into a tar; the stream belongs to the caller, and fails with it. */
export function archiveStream(write: (tar: Pack) => Promise<void>): Readable {
  const tar = pack();
  const out = new PassThrough({ highWaterMark: 1 << 20 });
  // A reader that goes away is no failure, and must not become an uncaught one.
  tar.on('error', () => {});
  pipeline(tar, out).catch(() => {});
  void write(tar).then(
    () => tar.finalize(),
    (thrown) => out.destroy(thrown instanceof Error ? thrown : new Error(String(thrown))),
  );
  out.once('close', () => tar.destroy());
  return out;
}

/** Each image once, with the names that were asked for: a repository without a tag means all its tags. */
function choose({ store }: ImageRoom, names: readonly string[]): Chosen[] {
  const chosen = new Map<Digest, Chosen>();
  const take = (image: ImageRecord, reference?: Reference): void => {
    const one = chosen.get(image.id) ?? { image, names: [] };
    const isNew = !one.names.some(
      (known) => reference && formatReference(known) === formatReference(reference),
    );
    if (reference !== undefined && reference.digest === undefined && isNew) one.names.push(reference);
    chosen.set(image.id, one);
  };
  for (const name of names) {
    const all = store
      .all()
      .flatMap((image) => image.tags.map((tag) => ({ image, reference: parseReference(tag) })));
    const ofRepository = all.filter(({ reference }) => familiarRepository(reference) === name);
    for (const { image, reference } of ofRepository) take(image, reference);
    if (ofRepository.length > 0) continue;
    const image = store.resolve(name);
    const asked = image.tags.find((tag) => tag === familiarName(name));
    take(image, asked === undefined ? undefined : parseReference(asked));
  }
  return [...chosen.values()];
}

function familiarName(name: string): string | undefined {
  try {
    return familiarReference(parseReference(name));
  } catch {
    return undefined;
  }
}

async function write(room: ImageRoom, chosen: readonly Chosen[], stream: Pack): Promise<void> {
  await using attempt = new Attempt(room);
  attempt.holdAll(chosen.flatMap(({ image }) => subjectsOf(image)));
  const scratch = await mkdtemp(join(room.scratchDir, 'wharf-save-'));
  try {
    const saved: Saved = { index: [], items: [], repositories: {} };
    const written = new Set<string>();
    for (const one of chosen) {
      await writeImage(room, one, { stream, scratch, written, saved });
      announce(room, 'save', one.image, one.image.tags[0] ?? one.image.id);
    }
    const index: Index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: saved.index };
    await writeJson(stream, 'index.json', index);
    await writeJson(stream, 'manifest.json', saved.items);
    await writeJson(stream, 'oci-layout', { imageLayoutVersion: '1.0.0' });
    if (Object.keys(saved.repositories).length > 0)
      await writeJson(stream, 'repositories', saved.repositories);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Writing {
  stream: Pack;
  scratch: string;
  written: Set<string>;
  saved: Saved;
}

async function writeImage(room: ImageRoom, { image, names }: Chosen, to: Writing): Promise<void> {
  const chainIds = chainIdsOf(image.layers.map((layer) => layer.diffId));
  const layers: Descriptor[] = [];
  for (const [index, layer] of image.layers.entries()) {
    const chainId = chainIds[index] ?? layer.diffId;
    const file = blobOf(room, layer) ?? (await packPlain(room, layer, { chainId, scratch: to.scratch }));
    layers.push(file.descriptor);
    await writeFile(to, file);
    if (file.path.startsWith(to.scratch)) await rm(file.path);
  }
  const configBytes = await room.content.read(image.id);
  const config = { mediaType: mediaTypes.ociConfig, digest: image.id, size: configBytes.length };
  const manifest: Manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers };
  const manifestBytes = Buffer.from(JSON.stringify(manifest));
  const descriptor = {
    mediaType: mediaTypes.ociManifest,
    digest: imageIdOf(manifestBytes),
    size: manifestBytes.length,
  };
  await writeBytes(to, image.id, configBytes);
  await writeBytes(to, descriptor.digest, manifestBytes);
  note(to.saved, { image, names }, { descriptor, layers });
}

function note(
  saved: Saved,
  { image, names }: Chosen,
  { descriptor, layers }: { descriptor: Descriptor; layers: Descriptor[] },
): void {
  const { architecture, os, variant } = image.config;
  const platform = { architecture, os, ...(variant === undefined ? {} : { variant }) };
  if (names.length === 0) saved.index.push({ ...descriptor, platform });
  for (const name of names) {
    const annotations = { [nameAnnotation]: formatReference(name), [refAnnotation]: name.tag ?? 'latest' };
    saved.index.push({ ...descriptor, platform, annotations });
    const tags = saved.repositories[familiarRepository(name)] ?? {};
    saved.repositories[familiarRepository(name)] = { ...tags, [name.tag ?? 'latest']: hexOf(image.id) };
  }
  saved.items.push({
    Config: blobName(image.id),
    RepoTags: names.length === 0 ? null : names.map(familiarReference),
    Layers: layers.map(({ digest }) => blobName(digest)),
  });
}

export const blobName = (digest: Digest): string => `blobs/sha256/${hexOf(digest)}`;

async function writeFile({ stream, written }: Writing, { descriptor, path }: LayerFile): Promise<void> {
  const name = blobName(descriptor.digest);
  if (written.has(name)) return;
  written.add(name);
  const bytes = createReadStream(path, { highWaterMark: 1 << 20 });
  await writeEntry(stream, { name, size: descriptor.size }, bytes);
}

async function writeBytes({ stream, written }: Writing, digest: Digest, bytes: Buffer): Promise<void> {
  const name = blobName(digest);
  if (written.has(name)) return;
  written.add(name);
  await writeEntry(stream, { name, size: bytes.length }, [bytes]);
}

export async function writeJson(stream: Pack, name: string, value: unknown): Promise<void> {
  const bytes = Buffer.from(JSON.stringify(value));
  await writeEntry(stream, { name, size: bytes.length }, [bytes]);
}

export async function writeEntry(
  stream: Pack,
  header: { name: string; size: number },
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
): Promise<void> {
  const ended = Promise.withResolvers<true>();
  const entry = stream.entry({ ...common, ...header }, (thrown) =>
    thrown ? ended.reject(thrown) : ended.resolve(true),
  );
  ended.promise.catch(() => {});
  entry.on('error', ended.reject);
  for await (const chunk of chunks) {
    if (entry.write(chunk)) continue;
    await Promise.race([once(entry, 'drain'), ended.promise]);
  }
  entry.end(undefined);
  await ended.promise;
}

/** The same image gives the same archive. */
const common = { mode: 0o644, uid: 0, gid: 0, mtime: new Date(0) };
