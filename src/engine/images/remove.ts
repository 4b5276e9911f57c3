// Remove: takes names away, and with the last one the image; refused while a container or an image stands on it.
import type { ImageDeleteEntry } from '#shared/contract/image.ts';
import { conflict } from '#shared/errors.ts';
import { shortOf } from '#shared/oci/digest.ts';
import { familiarReference, parseReference, repositoryOf } from '#shared/oci/reference.ts';
import { collect } from './garbage.ts';
import { type ImageRecord, type ImageUser, subjectsOf } from './record.ts';
import type { ImageRoom } from './room.ts';
import type { ImageName } from './store.ts';
import { announce } from './tag.ts';
import { dropUnnamedIndexes } from './unnamed-indexes.ts';

export interface RemoveOptions {
  force?: boolean | undefined;
  /** Keep untagged parents. */
  noPrune?: boolean | undefined;
}

export interface Removal {
  entries: ImageDeleteEntry[];
  freedBytes: number;
}

/** The entries tell what went, in order. Throws `not-found`, or `conflict` with Docker's sentences. */
export async function removeImage(room: ImageRoom, name: string, options: RemoveOptions): Promise<Removal> {
  const image = room.store.resolve(name);
  const removal: Removal = { entries: [], freedBytes: 0 };
  const isById = isIdOf(image, name);
  if (isById) {
    const names = room.store.namesOf(image.id);
    if (isSingle(names)) {
      refuse(image, blockOf(room, image, { force: options.force ?? false, names: [] }));
      for (const one of names) untag(room, image, one, removal);
    }
  } else {
    removeName(room, image, { name, force: options.force ?? false, removal });
    if (room.store.namesOf(image.id).length > 0) {
      removal.freedBytes += dropUnnamedIndexes(room, image.id);
      return removal;
    }
  }
  await removeRecord(room, image, { ...options, removal, quiet: !isById });
  return removal;
}

function isIdOf(image: ImageRecord, name: string): boolean {
  const hex = name.replace(/^sha256:/, '');
  if (!/^[a-f0-9]+$/.test(hex) || !image.id.startsWith(`sha256:${hex}`)) return false;
  return !image.tags.includes(`${name}:latest`);
}

/** All names are of one repository, with one tag at most. */
function isSingle(names: readonly ImageName[]): boolean {
  const repositories = new Set(names.map(({ reference }) => repositoryOf(reference)));
  return (
    repositories.size <= 1 && names.filter(({ reference }) => reference.digest === undefined).length <= 1
  );
}

function removeName(
  room: ImageRoom,
  image: ImageRecord,
  { name, force, removal }: { name: string; force: boolean; removal: Removal },
): void {
  const names = room.store.namesOf(image.id);
  const [user] = room.usersOf(image.id);
  if (!force && user !== undefined && isSingle(names)) {
    throw conflict(
      `conflict: unable to remove repository reference "${name}" (must force) - container ${shortOf(user.id)} is using its referenced image ${shortOf(image.id)}`,
      { hint: `Remove the container first: wharf rm -f ${user.name.replace(/^\//, '')}` },
    );
  }
  const asked = parseReference(name);
  const isAsked = ({ reference }: ImageName): boolean =>
    repositoryOf(reference) === repositoryOf(asked) &&
    (asked.digest === undefined ? reference.tag === asked.tag : reference.digest === asked.digest);
  for (const one of names.filter(isAsked)) untag(room, image, one, removal);
  // Digests of a repository whose last tag is gone say nothing any more.
  const left = room.store
    .namesOf(image.id)
    .filter((one) => repositoryOf(one.reference) === repositoryOf(asked));
  if (asked.digest === undefined && left.every(({ reference }) => reference.digest !== undefined)) {
    for (const one of left) untag(room, image, one, removal);
  }
}

function untag(room: ImageRoom, image: ImageRecord, name: ImageName, removal: Removal): void {
  room.store.removeName(name.full);
  const familiar = familiarReference(name.reference);
  removal.entries.push({ Untagged: familiar });
  announce(room, 'untag', image, familiar);
}

interface RecordRemoval extends RemoveOptions {
  removal: Removal;
  /** A name went already: that the rest must stay is then no error. */
  quiet: boolean;
}

async function removeRecord(room: ImageRoom, image: ImageRecord, options: RecordRemoval): Promise<void> {
  const { force = false, removal, quiet } = options;
  const names = room.store.namesOf(image.id);
  const block = blockOf(room, image, { force, names });
  if (block !== undefined && quiet) return;
  refuse(image, block);
  for (const one of names) untag(room, image, one, removal);
  const subjects = subjectsOf(image);
  room.store.delete(image.id);
  room.leases.release(`image:${image.id}`);
  announce(room, 'delete', image, image.id);
  removal.entries.push({ Deleted: image.id });
  const { layers, freedBytes } = await collect(room, subjects);
  removal.freedBytes += freedBytes;
  removal.entries.push(...layers.map((chainId) => ({ Deleted: chainId })));
  const parent = options.noPrune || image.parent === undefined ? undefined : room.store.find(image.parent);
  if (parent !== undefined && parent.tags.length === 0) {
    await removeRecord(room, parent, { force: false, removal, quiet: true });
  }
}

interface Block {
  reason: string;
  canForce: boolean;
}

/** Why the image must stay, the reasons that no force helps against first. */
function blockOf(
  room: ImageRoom,
  image: ImageRecord,
  { force, names }: { force: boolean; names: readonly ImageName[] },
): Block | undefined {
  if (room.store.childrenOf(image.id).length > 0) {
    return { reason: 'image has dependent child images', canForce: false };
  }
  const users = room.usersOf(image.id);
  const running = users.find((user) => user.running);
  if (running !== undefined) return { reason: usedBy('running', running), canForce: false };
  if (force) return undefined;
  if (names.length > 0) return { reason: 'image is referenced in multiple repositories', canForce: true };
  const [user] = users;
  return user === undefined ? undefined : { reason: usedBy('stopped', user), canForce: true };
}

const usedBy = (state: string, user: ImageUser): string =>
  `image is being used by ${state} container ${shortOf(user.id)}`;

function refuse(image: ImageRecord, block: Block | undefined): void {
  if (block === undefined) return;
  const force = block.canForce ? 'must be forced' : 'cannot be forced';
  throw conflict(`conflict: unable to delete ${shortOf(image.id)} (${force}) - ${block.reason}`);
}
