// What a build made, held until its client has fetched it as files or as an archive.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { invalid, isKind, notFound } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { nowRfc3339Nano } from '#shared/notation/time.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { packTree } from '#storage/archive/archive.ts';
import { mountReadOnly } from '#storage/snapshots/read-only.ts';
import type { OutputKind } from '../request.ts';
import { type BuildRoom, buildFolder } from '../session.ts';

export interface Made {
  /** The files: of each platform in a folder, where there are several. */
  roots: readonly { chainId: Digest | null; folder?: string }[];
  imageId?: Digest;
  /** Of several platforms. */
  index?: Digest;
  /** The image was recorded for the archive only: it goes when nobody needs it any more. */
  isPassing: boolean;
  /** Names in the archive. */
  tags: readonly string[];
}

/** Holds the layers under the client session's id; a crash lets go of them as of any build. */
export class KeptResult {
  readonly id: string;
  #room: BuildRoom;
  #made: Made;

  constructor(room: BuildRoom, id: string, made: Made) {
    this.id = id;
    this.#room = room;
    this.#made = made;
    room.builds.put(id, { started: nowRfc3339Nano(), things: [] });
    const holder = `build:${id}`;
    for (const { chainId } of made.roots) if (chainId !== null) room.leases.hold(`layer:${chainId}`, holder);
    if (made.imageId !== undefined) room.leases.hold(`image:${made.imageId}`, holder);
  }

  /** A tar; the caller reads it to its end or destroys it. */
  open(kind: OutputKind): Readable {
    if (kind === 'image') throw invalid('an image is not fetched: it is among the images');
    if (kind === 'archive') return this.#archive();
    if (kind === 'files') return this.#files();
    const dir = cacheFolder(this.#room.root, this.id);
    if (!existsSync(dir)) throw notFound('this build has no cache to export');
    return packTree({ root: dir, rebase: '' });
  }

  #archive(): Readable {
    const { imageId, index, tags } = this.#made;
    if (imageId === undefined) throw invalid('this build made no image');
    if (index !== undefined) return this.#room.images.saveIndex(imageId, index, { as: tags });
    return this.#room.images.save([imageId], { as: tags });
  }

  #files(): Readable {
    const { run, snapshots } = this.#room;
    const dir = buildFolder(run, this.id);
    makeFolders(mkdirSync, dir, 0o700);
    const top = mkdtempSync(join(dir, 'files-'));
    chmodSync(top, 0o755);
    const mounts = this.#made.roots.flatMap(({ chainId, folder = '' }) => {
      const target = join(top, folder);
      makeFolders(mkdirSync, target);
      return chainId === null ? [] : [mountReadOnly(snapshots.lowersOf(chainId), target)];
    });
    const tar = packTree({ root: top, rebase: '' });
    tar.once('close', () => {
      for (const mounted of mounts) mounted[Symbol.dispose]();
    });
    return tar;
  }

  /** Lets go of everything; an image that was only passing through is removed. */
  async release(): Promise<void> {
    const { leases, builds, images, root, run } = this.#room;
    const { imageId, isPassing } = this.#made;
    leases.release(`build:${this.id}`);
    if (isPassing && imageId !== undefined) {
      try {
        if (images.find(imageId)?.tags.length === 0) await images.remove(imageId);
      } catch (thrown) {
        // Somebody took a liking to it meanwhile.
        if (!isKind(thrown, 'conflict') && !isKind(thrown, 'not-found')) throw thrown;
      }
    }
    for (const base of [root, run]) rmSync(buildFolder(base, this.id), { recursive: true, force: true });
    builds.delete(this.id);
  }
}

/** Where the cache of a build is laid out for its client. */
export function cacheFolder(root: string, id: string): string {
  return join(buildFolder(root, id), 'cache');
}
