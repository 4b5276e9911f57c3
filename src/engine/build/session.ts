// One build: its request, its things in the kernel and on disk, and the record by which they are found after a crash.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cancelled } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { newId } from '#shared/notation/id.ts';
import { type Digest, parseDigest } from '#shared/oci/digest.ts';
import type { Platform } from '#shared/oci/specs.ts';
import type { Collection } from '#storage/state/collection.ts';
import type { BuildCache, OtherCache } from './cache/cache.ts';
import type { ContextStore } from './contexts/context-store.ts';
import type { CacheMounts } from './mounts/cache-mounts.ts';
import type { Kept } from './record/record.ts';
import type { BuildRecords } from './record/records.ts';
import type { Tracing } from './record/tracing.ts';
import type { BuildDeps, BuildRequest } from './request.ts';
import type { BuildArgs } from './variables.ts';

/** Intent before deed: every id is in the record before anything of that name exists. */
export interface BuildIntent {
  /** RFC 3339. */
  started: string;
  /** Ids of snapshots, boxes and networks. */
  things: string[];
}

/** An image that a build took something from. */
export interface Material {
  reference: string;
  digest: Digest;
  platform: Platform;
}

export interface BuildRoom extends BuildDeps {
  cache: BuildCache;
  cacheMounts: CacheMounts;
  contexts: ContextStore;
  records: BuildRecords;
  builds: Collection<BuildIntent>;
}

/** Holds what the steps of one build share. */
export class BuildSession {
  readonly id: string;
  readonly room: BuildRoom;
  readonly request: BuildRequest;
  readonly buildArgs: BuildArgs;
  readonly tracing: Tracing;
  /** Aborts when the request is cancelled or any stage failed. */
  readonly signal: AbortSignal;
  /** Caches of other engines that the request names. */
  elsewhere: OtherCache | undefined;
  /** Steps that this build runs whatever the cache has, by key: of several platforms the first does it for all. */
  readonly fresh = new Map<string, Promise<unknown>>();
  /** Keys of steps that are taken from the cache whatever the request says: done by the build that this one resumes. */
  done: ReadonlySet<string> = new Set();
  /** Number of the step whose command failed. */
  failedStep: number | undefined;
  /** What that step left. */
  kept: Kept | undefined;
  /** In memory only. */
  readonly secrets: ReadonlyMap<string, Buffer>;
  /** Paths of agents' sockets on this machine. */
  readonly agents: ReadonlyMap<string, string>;
  /** Images that it started from or took files of, by reference and platform. */
  readonly materials = new Map<string, Material>();
  /** RFC 3339. */
  readonly started: string;
  #abort = new AbortController();
  #intent: BuildIntent;
  #ends: (() => void)[] = [];
  #names = 0;

  constructor(
    room: BuildRoom,
    request: BuildRequest,
    options: { buildArgs: BuildArgs; started: string; tracing: Tracing },
  ) {
    this.id = newId().slice(0, 12);
    this.room = room;
    this.request = request;
    this.secrets = new Map(Object.entries(request.secrets ?? {}));
    this.agents = new Map(Object.entries(request.agents ?? {}));
    this.buildArgs = options.buildArgs;
    this.tracing = options.tracing;
    const signals = [this.#abort.signal, ...(request.signal === undefined ? [] : [request.signal])];
    this.signal = AbortSignal.any(signals);
    this.started = options.started;
    this.#intent = { started: options.started, things: [] };
    room.builds.put(this.id, this.#intent);
  }

  /** Holder of leases on layers and images. */
  get holder(): string {
    return `build:${this.id}`;
  }

  /** A folder of the build's own; made here, removed when the build ends. */
  folder(): string {
    const dir = buildFolder(this.room.root, this.id);
    makeFolders(mkdirSync, dir, 0o700);
    return dir;
  }

  /** As `folder`, for small files that need not outlive a reboot. */
  runFolder(): string {
    const dir = buildFolder(this.room.run, this.id);
    makeFolders(mkdirSync, dir, 0o700);
    return dir;
  }

  /** A name for a snapshot, box or network that is about to be made. */
  newThing(): string {
    const thing = `b-${newId().slice(0, 32)}`;
    this.#intent.things.push(thing);
    this.room.builds.put(this.id, this.#intent);
    return thing;
  }

  /** Nothing of that name is there any more. */
  dropThing(thing: string): void {
    this.#intent.things = this.#intent.things.filter((each) => each !== thing);
    this.room.builds.put(this.id, this.#intent);
  }

  /** A file name that no other part of the build has. */
  newName(prefix: string): string {
    this.#names += 1;
    return `${prefix}-${this.#names}`;
  }

  /** Something to be done when the build is over. */
  atEnd(work: () => void): void {
    this.#ends.push(work);
  }

  assertGoing(): void {
    if (this.signal.aborted) throw cancelled('the build was cancelled');
  }

  /** Stops what is still running. */
  stop(): void {
    this.#abort.abort();
  }

  /** The build is over: its leases and folder are gone, and its record with them. */
  end(): void {
    for (const work of this.#ends.splice(0).reverse()) work();
    const held = this.room.leases.heldBy(this.holder);
    this.room.leases.release(this.holder);
    // What neither the cache nor an image has taken over was for this build alone.
    for (const subject of held) {
      if (subject.startsWith('layer:')) this.room.cache.dropFree(parseDigest(subject.slice('layer:'.length)));
    }
    for (const base of [this.room.root, this.room.run]) {
      rmSync(buildFolder(base, this.id), { recursive: true, force: true });
    }
    this.room.builds.delete(this.id);
  }
}

export function buildFolder(root: string, id: string): string {
  return join(root, 'build', id);
}
