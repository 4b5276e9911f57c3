// The door of the room of images: records, names, and the verbs on them.
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { RegistryAuth } from '#registry/auth.ts';
import type {
  ImageDeleteEntry,
  ImageDifference,
  ImageFile,
  ImageHistoryEntry,
  ImageInspect,
  ImageLayerReport,
  ImageSummary,
} from '#shared/contract/image.ts';
import { isKind, notFound } from '#shared/errors.ts';
import { KeyedLock } from '#shared/lock.ts';
import type { Filters } from '#shared/notation/filter.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { parseReference } from '#shared/oci/reference.ts';
import type { ImageConfig, Platform } from '#shared/oci/specs.ts';
import { addImage } from './add.ts';
import { type ImportRequest, importImage } from './archive/import.ts';
import { type LoadOptions, loadImages } from './archive/load.ts';
import { type SaveOptions, saveImages } from './archive/save.ts';
import { saveIndex } from './archive/save-index.ts';
import { diffImages } from './contents/diff.ts';
import { listImageFiles } from './contents/files.ts';
import { reportLayers } from './contents/layers.ts';
import { recoverAttempts } from './garbage.ts';
import { historyOf, inspectImage } from './inspect.ts';
import { type ListRequest, listImages } from './list.ts';
import { imageOfPlatform } from './of-platform.ts';
import { type PruneAnswer, pruneImages, pruneToBudget } from './prune.ts';
import type { BuiltLayer, ImageRecord } from './record.ts';
import { type RecordedIndex, type RecordIndexRequest, recordIndex } from './record-index.ts';
import { type RemoveOptions, removeImage } from './remove.ts';
import type { ImageDeps, ImageRoom } from './room.ts';
import {
  discardSubjects,
  goneOf,
  type ImageShelf,
  type ShelvedImages,
  shelveImage,
  unshelveImages,
} from './shelve.ts';
import { ImageStore } from './store.ts';
import { announce, tagImage } from './tag.ts';
import { pullEveryTag, pushEveryTag } from './transfer/every-tag.ts';
import { Puller, type PullRequest } from './transfer/pull.ts';
import { type PushRequest, pushImage } from './transfer/push.ts';
import { Slots } from './transfer/slots.ts';

export interface RecordRequest {
  config: ImageConfig;
  /** In the snapshots already, lowest first, as many as `config.rootfs.diff_ids`. */
  layers: readonly BuiltLayer[];
  /** Names as people write them. */
  tags?: readonly string[];
  parent?: Digest;
}

export interface ImagesUsage {
  /** Bytes of all layers of images, each counted once. */
  layersSizeBytes: number;
}

/** One per engine. Images are found by name, `name@digest`, ID or the beginning of one. */
export class Images {
  readonly #room: ImageRoom;
  readonly #puller: Puller;
  readonly #lock = new KeyedLock();
  /** A folder that was given is the engine's own; the system's may have files of other engines. */
  readonly #sweepsScratch: boolean;

  constructor(deps: ImageDeps) {
    const { downloadsAtOnce = 3, uploadsAtOnce = 5, ...given } = deps;
    this.#room = {
      usersOf: () => [],
      scratchDir: tmpdir(),
      ...given,
      store: new ImageStore(deps.state),
      downloads: new Slots(downloadsAtOnce),
      uploads: new Slots(uploadsAtOnce),
    };
    this.#puller = new Puller(this.#room);
    this.#sweepsScratch = deps.scratchDir !== undefined;
  }

  /** Throws `not-found` (`No such image: x:latest`), or `invalid` where the ID is ambiguous. */
  resolve(name: string): ImageRecord {
    return this.#room.store.resolve(name);
  }

  /** As `resolve`, but undefined where there is no such image. */
  find(name: string): ImageRecord | undefined {
    try {
      return this.resolve(name);
    } catch (thrown) {
      if (isKind(thrown, 'not-found')) return undefined;
      throw thrown;
    }
  }

  all(): ImageRecord[] {
    return this.#room.store.all();
  }

  /** Gets the image from its registry. Two pulls of the same image at once share the work. */
  async pull(request: PullRequest): Promise<ImageRecord> {
    return await this.#puller.pull(request);
  }

  /** Every tag of the repository `request.reference`. */
  async pullEveryTag(request: PullRequest): Promise<ImageRecord[]> {
    return await pullEveryTag(this.#room, this.#puller, request);
  }

  /** See `imageOfPlatform`; undefined also where there is nothing of that name. */
  async findOfPlatform(
    name: string,
    wanted: { platform: Platform; signal?: AbortSignal | undefined },
  ): Promise<ImageRecord | undefined> {
    return this.find(name) === undefined ? undefined : await imageOfPlatform(this.#room, name, wanted);
  }

  /** The image, pulled where it is not here. */
  async ensure(request: PullRequest): Promise<ImageRecord> {
    return this.find(request.reference) ?? (await this.pull(request));
  }

  async push(request: PushRequest): Promise<Digest> {
    return await pushImage(this.#room, request);
  }

  /** Every tag that is here of the repository `request.reference`. */
  async pushEveryTag(request: PushRequest): Promise<void> {
    await pushEveryTag(this.#room, request);
  }

  list(request: ListRequest = {}): ImageSummary[] {
    return listImages(this.#room, request);
  }

  inspect(name: string): ImageInspect {
    return inspectImage(this.#room, name);
  }

  history(name: string): ImageHistoryEntry[] {
    return historyOf(this.#room, name);
  }

  tag(name: string, newName: string): void {
    tagImage(this.#room, name, newName);
  }

  /** Tells what went. Throws `conflict` with Docker's sentences while something uses the image. */
  async remove(name: string, options: RemoveOptions = {}): Promise<ImageDeleteEntry[]> {
    const { entries } = await this.#lock.run('remove', () => removeImage(this.#room, name, options));
    return entries;
  }

  /** As `remove`, but it can come back; see `shelveImage`. */
  async shelve(name: string, options: RemoveOptions & { shelf: ImageShelf }): Promise<ImageDeleteEntry[]> {
    return await this.#lock.run('remove', () => shelveImage(this.#room, name, options));
  }

  /** Gives the names that have a new owner. */
  unshelve(shelved: ShelvedImages, forget: () => void): string[] {
    return unshelveImages(this.#room, shelved, forget);
  }

  goneOf(shelved: ShelvedImages): ShelvedImages | undefined {
    return goneOf(this.#room, shelved);
  }

  /** What a shelf let go of (`layer:…`, `blob:…`) goes where nobody else holds it. */
  async discardSubjects(subjects: readonly string[]): Promise<number> {
    return await this.#lock.run('remove', () => discardSubjects(this.#room, subjects));
  }

  async prune(filters?: Filters): Promise<PruneAnswer> {
    return await this.#lock.run('remove', () => pruneImages(this.#room, filters));
  }

  /** The lowest first, with what each one changed. */
  async layers(name: string): Promise<ImageLayerReport[]> {
    return await reportLayers(this.#room, name);
  }

  /** What is at `path` (the root unless told) and below it. */
  async files(name: string, path?: string): Promise<ImageFile[]> {
    return await listImageFiles(this.#room, name, path);
  }

  /** What the image `to` has that `from` has not, and the other way round. */
  async diff(from: string, to: string): Promise<ImageDifference[]> {
    return await diffImages(this.#room, from, to);
  }

  /** See `pruneToBudget`. */
  async pruneToBudget(budgetBytes: number): Promise<PruneAnswer> {
    return await this.#lock.run('remove', () => pruneToBudget(this.#room, budgetBytes));
  }

  /** An archive of these images; the stream belongs to the caller. */
  save(names: readonly string[], options: SaveOptions = {}): Readable {
    return saveImages(this.#room, names, options);
  }

  /** An OCI layout of the index by that digest, which came with the image; the stream belongs to the caller. */
  saveIndex(name: string, digest: Digest, options: SaveOptions = {}): Readable {
    const index = this.resolve(name).indexes?.find((one) => one.digest === digest);
    if (index === undefined) throw notFound(`No such index: ${digest}`);
    return saveIndex(this.#room, index, options);
  }

  async load(stream: Readable, options: LoadOptions = {}): Promise<ImageRecord[]> {
    return await loadImages(this.#room, stream, options);
  }

  async importTree(stream: Readable, request: ImportRequest = {}): Promise<ImageRecord> {
    return await importImage(this.#room, stream, request);
  }

  /** What build and commit made becomes an image. The same content is the same image. */
  async record({ config, layers, tags = [], parent }: RecordRequest): Promise<ImageRecord> {
    const configBytes = Buffer.from(JSON.stringify(config));
    const names = tags.map(parseReference);
    const added = await addImage(this.#room, {
      configBytes,
      config,
      layers,
      names,
      ...(parent === undefined ? {} : { parent }),
    });
    for (const tag of tags) announce(this.#room, 'tag', added.record, tag);
    return added.record;
  }

  /** As `record` for several platforms: the names stand for an index of them. */
  async recordIndex(request: RecordIndexRequest): Promise<RecordedIndex> {
    return await recordIndex(this.#room, request);
  }

  usage(): ImagesUsage {
    const chains = new Map<string, number>();
    for (const { chainId } of this.all()) {
      for (let at = chainId; at !== null; ) {
        const layer = this.#room.snapshots.layer(at);
        chains.set(at, layer.sizeBytes);
        at = layer.parent ?? null;
      }
    }
    return { layersSizeBytes: [...chains.values()].reduce((sum, size) => sum + size, 0) };
  }

  /** Tries credentials; throws `unauthorized` where the registry refuses them. */
  async login(auth: RegistryAuth): Promise<void> {
    const host = (auth.serveraddress ?? '').replace(/^https?:\/\//, '').replace(/\/.*$/, '');
    const registry = host === '' || host === 'index.docker.io' ? 'docker.io' : host;
    await this.#room.registry.login(registry, { auth });
  }

  /** Clears away what an engine that was killed left half-done. Call it once, before anything else. */
  async recover(): Promise<void> {
    await recoverAttempts(this.#room);
    if (this.#sweepsScratch) await sweepScratch(this.#room.scratchDir);
  }
}

async function sweepScratch(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (/^wharf-(load|save|import|push)-/.test(name))
      await rm(join(dir, name), { recursive: true, force: true });
  }
}

/** Owns nothing that must be closed; lives as long as the stores it was given. */
export function openImages(deps: ImageDeps): Images {
  return new Images(deps);
}
