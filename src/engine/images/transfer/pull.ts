// Pull: from a reference to an image in the store, verified at every step.

import type { RegistryAuth } from '#registry/auth.ts';
import { identityOf } from '#registry/auth.ts';
import type { ResolvedImage } from '#registry/registry.ts';
import type { ProgressLine } from '#shared/contract/image.ts';
import { notFound, unsupported } from '#shared/errors.ts';
import { shortOf } from '#shared/oci/digest.ts';
import { formatPlatform, hostPlatform, parsePlatform } from '#shared/oci/platform.ts';
import {
  familiarReference,
  familiarRepository,
  parseReference,
  type Reference,
} from '#shared/oci/reference.ts';
import { type Descriptor, type ImageConfig, mediaTypes, type Platform } from '#shared/oci/specs.ts';
import { addImage } from '../add.ts';
import { parseConfig } from '../config-shape.ts';
import { Attempt } from '../garbage.ts';
import type { ImageRecord } from '../record.ts';
import type { ImageRoom } from '../room.ts';
import { BlobFetcher } from './blobs.ts';
import { keepIndex } from './keep-index.ts';
import { ensureLayers, type FetchOptions, type LayerSource } from './layers.ts';
import { type OnProgress, Progress } from './progress.ts';
import { SharedWork } from './share.ts';

export interface PullRequest {
  /** As the user typed it. */
  reference: string;
  /** `linux/arm64`; this machine's unless told. */
  platform?: string | undefined;
  /** Keeps every platform of an index, to push it on; the image is the one of `platform`. */
  allPlatforms?: boolean | undefined;
  /** An image of another platform that has the name keeps it; this one goes by its digest. */
  yieldsName?: boolean | undefined;
  auth?: RegistryAuth | undefined;
  onProgress?: ((line: ProgressLine) => void) | undefined;
  signal?: AbortSignal | undefined;
}

interface PullTurn {
  ref: Reference;
  platform: Platform;
  platformAsked: boolean;
  allPlatforms: boolean;
  yieldsName: boolean;
  auth: RegistryAuth | undefined;
  tell: OnProgress;
  signal: AbortSignal;
}

const configTypes: readonly string[] = [mediaTypes.dockerConfig, mediaTypes.ociConfig];
const maxConfigBytes = 8 * 1024 * 1024;

/** Pulls of one engine; those for the same image at the same time share the work. */
export class Puller {
  readonly #room: ImageRoom;
  readonly #shared = new SharedWork<ImageRecord>();
  readonly #fetcher: BlobFetcher;

  constructor(room: ImageRoom) {
    this.#room = room;
    this.#fetcher = new BlobFetcher(room);
  }

  /** Afterwards the image is there, under the name asked for. On failure nothing but partial downloads is left. */
  async pull(request: PullRequest): Promise<ImageRecord> {
    const ref = parseReference(request.reference);
    const platform = request.platform ? parsePlatform(request.platform) : hostPlatform();
    const { auth } = request;
    const { allPlatforms = false, yieldsName = false } = request;
    const key = JSON.stringify([
      familiarReference(ref),
      formatPlatform(platform),
      allPlatforms,
      yieldsName,
      identityOf(auth),
    ]);
    const platformAsked = Boolean(request.platform);
    const start = (tell: OnProgress, signal: AbortSignal) =>
      this.#pull({ ref, platform, platformAsked, allPlatforms, yieldsName, auth, tell, signal });
    return await this.#shared.join(key, start, request);
  }

  async #pull(turn: PullTurn): Promise<ImageRecord> {
    const { ref, platform, allPlatforms, auth, signal } = turn;
    const progress = new Progress(turn.tell);
    progress.line({
      status: `Pulling from ${ref.registry === 'docker.io' ? ref.repository : familiarRepository(ref)}`,
      id: ref.digest ?? ref.tag ?? 'latest',
    });
    const image = await this.#room.registry.resolve(ref, platform, { auth, signal });
    await using attempt = new Attempt(this.#room);
    attempt.hold('blob', image.descriptor.digest);
    await this.#room.content.put(image.bytes);
    const { bytes, config } = await this.#fetchConfig(turn, image, attempt);
    const before = this.#room.store.idOfName(nameOf(ref));
    await this.#fetchLayers(turn, { image, config, attempt, progress });
    const fetcher = this.#fetcher;
    const keeping = { ref, image, allPlatforms, auth, signal, attempt, progress, fetcher };
    const index = await keepIndex(this.#room, keeping);
    const { record } = await addImage(this.#room, {
      configBytes: bytes,
      config,
      layers: image.manifest.layers.map(({ digest, mediaType }, index) => ({
        diffId: config.rootfs.diff_ids[index] ?? digest,
        digest,
        mediaType,
      })),
      manifestDigest: image.descriptor.digest,
      names: this.#namesOf(turn, image),
      ...(index === undefined ? {} : { index }),
    });
    progress.line({ status: `Digest: ${image.digest}` });
    const isNewer = before !== record.id;
    progress.line({
      status: `Status: ${isNewer ? 'Downloaded newer image' : 'Image is up to date'} for ${familiarReference(ref)}`,
    });
    const attributes = { ...record.config.config?.Labels, name: familiarRepository(ref) };
    this.#room.events.emit('image', 'pull', familiarReference(ref), attributes);
    return record;
  }

  #namesOf({ ref, yieldsName }: PullTurn, image: ResolvedImage): Reference[] {
    const isTaken = yieldsName && this.#room.store.idOfName(nameOf(ref)) !== undefined;
    if (!isTaken) return namesOf(ref, image);
    const { tag: _, ...repository } = ref;
    return [{ ...repository, digest: image.descriptor.digest }];
  }

  async #fetchConfig(
    turn: PullTurn,
    { manifest }: ResolvedImage,
    attempt: Attempt,
  ): Promise<{ bytes: Buffer; config: ImageConfig }> {
    const descriptor = manifest.config;
    if (!configTypes.includes(descriptor.mediaType) || descriptor.size > maxConfigBytes) {
      throw unsupported(
        `${familiarReference(turn.ref)} is no container image: its configuration is ${descriptor.mediaType}, ${descriptor.size} bytes`,
      );
    }
    attempt.hold('blob', descriptor.digest);
    const { ref, auth, signal } = turn;
    await this.#fetcher.fetch({ ref, descriptor, auth, signal });
    const bytes = await this.#room.content.read(descriptor.digest);
    const config = parseConfig(bytes);
    assertPlatform(turn, config);
    return { bytes, config };
  }

  async #fetchLayers(
    { ref, auth, signal }: PullTurn,
    pull: { image: ResolvedImage; config: ImageConfig; attempt: Attempt; progress: Progress },
  ): Promise<void> {
    const { image, config, attempt, progress } = pull;
    const { downloads } = this.#room;
    const descriptors = new Map(image.manifest.layers.map((layer) => [layer.digest, layer]));
    const fetchOne = (descriptor: Descriptor, options: FetchOptions) => {
      const id = shortOf(descriptor.digest);
      return this.#fetcher.fetch({
        ref,
        descriptor,
        auth,
        ...options,
        onBytes: (current) => progress.counted(id, 'Downloading', { current, total: descriptor.size }),
        onReceived: () => progress.step(id, 'Verifying Checksum'),
      });
    };
    const isKnown = this.#room.store.find(image.manifest.config.digest) !== undefined;
    await ensureLayers(this.#room, {
      diffIds: config.rootfs.diff_ids,
      sources: image.manifest.layers,
      attempt,
      signal,
      fetch: async (source: LayerSource, options) => {
        const descriptor = descriptors.get(source.digest);
        if (descriptor === undefined) throw notFound(`blob ${source.digest} not found`);
        if (downloads.isFull) progress.step(shortOf(source.digest), 'Waiting');
        await downloads.run(() => fetchOne(descriptor, options));
        progress.step(shortOf(source.digest), 'Download complete');
      },
      onStep: (source, status) => {
        if (!isKnown || status !== 'Already exists') progress.step(shortOf(source.digest), status);
      },
      onUnpack: (source, count) => progress.counted(shortOf(source.digest), 'Extracting', count),
    });
  }
}

const nameOf = (ref: Reference): Reference => {
  const { tag: _, ...rest } = ref;
  return ref.digest === undefined ? ref : rest;
};

/** The tag asked for, and the digest it stood for. */
function namesOf(ref: Reference, image: ResolvedImage): Reference[] {
  const { tag: _, ...rest } = ref;
  const byDigest = { ...rest, digest: image.digest };
  return ref.digest === undefined ? [ref, byDigest] : [byDigest];
}

function assertPlatform(turn: PullTurn, config: ImageConfig): void {
  if (config.os !== 'linux') {
    throw unsupported(`image operating system "${config.os}" cannot be used on this platform`);
  }
  if (!turn.platformAsked || config.architecture === turn.platform.architecture) return;
  throw notFound(
    `image with reference ${familiarReference(turn.ref)} was found but does not provide the specified platform (${formatPlatform(turn.platform)})`,
  );
}
