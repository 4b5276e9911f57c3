// One blob from a registry into the content store, once, whoever else wants it at the same moment.

import type { RegistryAuth } from '#registry/auth.ts';
import { EngineError, isKind, unavailable } from '#shared/errors.ts';
import { type Digest, shortOf } from '#shared/oci/digest.ts';
import type { Reference } from '#shared/oci/reference.ts';
import type { Descriptor } from '#shared/oci/specs.ts';
import type { Ingest } from '#storage/content/ingest.ts';
import type { ImageRoom } from '../room.ts';

export interface BlobRequest {
  ref: Reference;
  descriptor: Descriptor;
  auth?: RegistryAuth | undefined;
  signal?: AbortSignal | undefined;
  onBytes?: (receivedBytes: number) => void;
  /** The download begins; not called where another one brings the blob. Again where it has to begin anew. */
  onStart?: ((ingest: Pick<Ingest, 'follow'>) => void) | undefined;
  /** All bytes are here; their digest is checked next. */
  onReceived?: () => void;
}

interface Fetching {
  done: Promise<void>;
  listeners: Set<(receivedBytes: number) => void>;
}

type BlobRoom = Pick<ImageRoom, 'content' | 'registry'>;

const wrongDigestTries = 3;

/** Downloads that are under way in this engine, by digest. */
export class BlobFetcher {
  readonly #room: BlobRoom;
  #fetching = new Map<Digest, Fetching>();

  constructor(room: BlobRoom) {
    this.#room = room;
  }

  /** Afterwards the content store has the blob, verified. The caller holds a lease on it. */
  async fetch(request: BlobRequest): Promise<void> {
    const { digest } = request.descriptor;
    while (!this.#room.content.has(digest)) {
      const other = this.#fetching.get(digest);
      if (other === undefined) return await this.#own(request);
      const { onBytes } = request;
      if (onBytes !== undefined) other.listeners.add(onBytes);
      // Whatever becomes of the other's download: the next turn of the loop sees, and does it itself if need be.
      await other.done.catch(() => {});
      if (request.signal?.aborted) throw new EngineError('cancelled', 'context canceled');
    }
  }

  async #own(request: BlobRequest): Promise<void> {
    const { digest } = request.descriptor;
    const listeners = new Set<(receivedBytes: number) => void>();
    if (request.onBytes !== undefined) listeners.add(request.onBytes);
    const done = this.#download(request, (received) => {
      for (const listener of listeners) listener(received);
    });
    this.#fetching.set(digest, { done, listeners });
    try {
      await done;
    } finally {
      this.#fetching.delete(digest);
    }
  }

  async #download(request: BlobRequest, onBytes: (receivedBytes: number) => void): Promise<void> {
    const { ref, descriptor, auth, signal } = request;
    const doubted = new Set<string>();
    for (let tried = 1; ; tried++) {
      await using ingest = await this.#room.content.ingest(descriptor.digest, descriptor);
      request.onStart?.(ingest);
      const how = { auth, signal, onBytes, doubted, sink: ingest };
      const host = await this.#room.registry.blob(ref, descriptor, how);
      request.onReceived?.();
      try {
        return await ingest.commit({ sync: 'later' });
      } catch (thrown) {
        if (!isKind(thrown, 'invalid')) throw thrown;
        doubted.add(host);
        if (tried >= wrongDigestTries) throw wrongDigest(descriptor.digest, thrown);
      }
    }
  }
}

function wrongDigest(digest: Digest, cause: unknown): EngineError {
  return unavailable(`layer ${shortOf(digest)}: filesystem layer verification failed for digest ${digest}`, {
    cause,
    hint: 'The registry sent other bytes than the image names. Nothing of them was kept.',
  });
}
