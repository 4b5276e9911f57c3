// Takes away layers and blobs that nobody holds, and keeps them while somebody is at work on them.
import { rmSync } from 'node:fs';
import { isKind } from '#shared/errors.ts';
import { newId } from '#shared/notation/id.ts';
import { type Digest, parseDigest } from '#shared/oci/digest.ts';
import type { ImageRoom } from './room.ts';

type GarbageRoom = Pick<ImageRoom, 'leases' | 'content' | 'snapshots'>;

export interface Collected {
  /** Chain IDs of layers that are gone, topmost first. */
  layers: Digest[];
  freedBytes: number;
}

interface AttemptEntry {
  startedAtMs: number;
}

const collectionName = 'pulls';
/** A torn download may be resumed for a day. */
const partialKeptMs = 24 * 3600 * 1000;

/**
 * A pull, load or push at work. What it holds is safe from collection; disposing lets go, and removes what
 * nobody else holds by then. A killed engine's attempts are ended by `recoverAttempts`.
 */
export class Attempt implements AsyncDisposable {
  readonly #room: ImageRoom;
  readonly #id = newId().slice(0, 16);

  constructor(room: ImageRoom) {
    this.#room = room;
    room.state.collection<AttemptEntry>(collectionName).put(this.#id, { startedAtMs: Date.now() });
  }

  /** Must come before the look whether the thing is there. */
  hold(kind: 'layer' | 'blob', digest: Digest): void {
    this.#room.leases.hold(`${kind}:${digest}`, `pull:${this.#id}`);
  }

  /** As `hold`, for subjects like those of `subjectsOf`: an image that is removed meanwhile stays whole for this work. */
  holdAll(subjects: readonly string[]): void {
    this.#room.state.transaction(() => {
      for (const subject of subjects) this.#room.leases.hold(subject, `pull:${this.#id}`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endAttempt(this.#room, this.#id);
  }
}

async function endAttempt(room: ImageRoom, id: string): Promise<void> {
  const subjects = room.leases.heldBy(`pull:${id}`);
  room.leases.release(`pull:${id}`);
  await collect(room, subjects);
  room.state.collection<AttemptEntry>(collectionName).delete(id);
}

/** Ends the attempts of an engine that was killed, and removes blobs nobody holds. Partial downloads stay. */
export async function recoverAttempts(room: ImageRoom): Promise<void> {
  for (const { id } of room.state.collection<AttemptEntry>(collectionName).all()) await endAttempt(room, id);
  for (const digest of room.content.list()) {
    // Killed between the lease and the record of an image: its holder never came to be.
    if (room.store.find(digest) === undefined) room.leases.release(`image:${digest}`);
  }
  await collect(
    room,
    room.content.list().map((digest) => `blob:${digest}`),
  );
  for (const { path, changedAtMs } of room.content.ingests()) {
    if (Date.now() - changedAtMs > partialKeptMs) rmSync(path, { force: true });
  }
}

/** Removes those of the subjects (`layer:…`, `blob:…`) that are there and have no holder. */
export async function collect(room: GarbageRoom, subjects: readonly string[]): Promise<Collected> {
  const collected: Collected = { layers: [], freedBytes: 0 };
  let layers: Digest[] = [];
  for (const subject of subjects) {
    const digest = parseDigest(subject.slice(subject.indexOf(':') + 1));
    if (subject.startsWith('layer:')) layers.push(digest);
    else if (subject.startsWith('blob:')) collected.freedBytes += deleteBlob(room, digest);
  }
  // A layer goes after those that stand on it: passes until one takes nothing away.
  for (let before = -1; before !== layers.length; ) {
    before = layers.length;
    const left: Digest[] = [];
    for (const chainId of layers.reverse()) {
      const sizeBytes = await removeLayer(room, chainId);
      if (sizeBytes === 'kept') left.push(chainId);
      else if (sizeBytes !== 'gone') {
        collected.layers.push(chainId);
        collected.freedBytes += sizeBytes;
      }
    }
    layers = left.reverse();
  }
  return collected;
}

/** As `collect`, for subjects that are all blobs. Gives the bytes that are free now. */
export function collectBlobs(room: GarbageRoom, subjects: readonly string[]): number {
  const digests = subjects.map((subject) => parseDigest(subject.slice('blob:'.length)));
  return digests.reduce((sum, digest) => sum + deleteBlob(room, digest), 0);
}

function deleteBlob(room: GarbageRoom, digest: Digest): number {
  if (room.leases.anyHolder(`blob:${digest}`) || !room.content.has(digest)) return 0;
  const sizeBytes = room.content.size(digest);
  room.content.delete(digest);
  return sizeBytes;
}

async function removeLayer(room: GarbageRoom, chainId: Digest): Promise<number | 'kept' | 'gone'> {
  if (!room.snapshots.hasLayer(chainId)) return 'gone';
  if (room.leases.anyHolder(`layer:${chainId}`)) return 'kept';
  const { sizeBytes } = room.snapshots.layer(chainId);
  try {
    await room.snapshots.removeLayer(chainId);
    return sizeBytes;
  } catch (thrown) {
    if (isKind(thrown, 'conflict')) return 'kept';
    throw thrown;
  }
}
