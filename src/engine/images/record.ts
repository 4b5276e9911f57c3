// What the engine remembers of an image, and what other rooms see of it.
import type { Digest } from '#shared/oci/digest.ts';
import type { ImageConfig } from '#shared/oci/specs.ts';
import { chainIdsOf } from '#storage/snapshots/chain-id.ts';

export interface ImageLayer {
  diffId: Digest;
  /** The blob it came from, where the content store has one. */
  digest?: Digest;
  mediaType?: string;
  /** Bytes of its files, unpacked. */
  size: number;
}

/** An index that the image came by, and goes with. */
export interface StoredIndex {
  digest: Digest;
  /** What is kept of it: the index, manifests of platforms, and their blobs. */
  blobs: Digest[];
}

/** As it lies in state. The names of an image are kept apart: they come and go. */
export interface StoredImage {
  /** Digest of the config blob. */
  id: Digest;
  config: ImageConfig;
  /** Of the topmost layer; null for an image without layers. */
  chainId: Digest | null;
  layers: ImageLayer[];
  /** Of the platform's manifest it was pulled by. */
  manifestDigest?: Digest;
  indexes?: StoredIndex[];
  /** RFC 3339. */
  createdAt: string;
  /** Bytes of all layers, unpacked. */
  sizeBytes: number;
  parent?: Digest;
  /** RFC 3339; absent where it never had a name. */
  taggedAt?: string;
}

export interface ImageRecord extends StoredImage {
  /** As people write them, ordered: `python:3.11-slim`. */
  tags: string[];
  /** As people write them: `python@sha256:…`. */
  repoDigests: string[];
}

/** A layer that is in the snapshots already, lowest first in a list. */
export interface BuiltLayer {
  diffId: Digest;
  digest?: Digest;
  mediaType?: string;
  size?: number;
}

/** Who uses an image, as the room of containers tells it. */
export interface ImageUser {
  id: string;
  name: string;
  running: boolean;
}

/** What an image holds: `layer:` and `blob:` subjects. */
export function subjectsOf(image: StoredImage): string[] {
  const layers = chainIdsOf(image.layers.map((layer) => layer.diffId)).map((chainId) => `layer:${chainId}`);
  const blobs = image.layers.flatMap(({ digest }) => (digest === undefined ? [] : [`blob:${digest}`]));
  const manifest = image.manifestDigest === undefined ? [] : [`blob:${image.manifestDigest}`];
  const indexes = (image.indexes ?? []).flatMap((index) => index.blobs.map((digest) => `blob:${digest}`));
  return [...new Set([...layers, ...blobs, ...manifest, `blob:${image.id}`, ...indexes])];
}
