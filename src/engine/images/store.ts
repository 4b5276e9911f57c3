// Image records and their names: in memory for reading, in state first for writing.
import { invalid, isKind, notFound } from '#shared/errors.ts';
import { nowRfc3339Nano } from '#shared/notation/time.ts';
import { type Digest, isDigest } from '#shared/oci/digest.ts';
import {
  familiarReference,
  formatReference,
  parseReference,
  type Reference,
  repositoryOf,
} from '#shared/oci/reference.ts';
import type { Collection } from '#storage/state/collection.ts';
import type { State } from '#storage/state/state.ts';
import type { ImageRecord, StoredImage } from './record.ts';

interface NameEntry {
  imageId: Digest;
  /** The index it stands for, where the image came by one. */
  index?: Digest;
}

/** A name of an image: full text (`docker.io/library/x:1`, `docker.io/library/x@sha256:…`) and its parts. */
export interface ImageName {
  full: string;
  reference: Reference;
}

/** One per state database. */
export class ImageStore {
  readonly #state: State;
  readonly #images: Collection<StoredImage>;
  readonly #names: Collection<NameEntry>;
  #byId = new Map<string, StoredImage>();
  #byName = new Map<string, NameEntry>();

  constructor(state: State) {
    this.#state = state;
    this.#images = state.collection<StoredImage>('images', { id: 'text' });
    this.#names = state.collection<NameEntry>('tags', { imageId: 'text' });
    for (const { id, value } of this.#images.all()) this.#byId.set(id, value);
    for (const { id, value } of this.#names.all()) {
      if (this.#byId.has(value.imageId)) this.#byName.set(id, value);
    }
  }

  find(id: string): ImageRecord | undefined {
    const stored = this.#byId.get(id);
    return stored === undefined ? undefined : this.#recordOf(stored);
  }

  all(): ImageRecord[] {
    return [...this.#byId.values()].map((stored) => this.#recordOf(stored));
  }

  childrenOf(id: Digest): StoredImage[] {
    return [...this.#byId.values()].filter((image) => image.parent === id);
  }

  put(image: StoredImage): void {
    this.#images.put(image.id, image);
    this.#byId.set(image.id, image);
  }

  /** Takes the record and its names away. */
  delete(id: Digest): void {
    this.#state.transaction(() => {
      for (const { full } of this.namesOf(id)) this.#names.delete(full);
      this.#images.delete(id);
    });
    for (const { full } of this.namesOf(id)) this.#byName.delete(full);
    this.#byId.delete(id);
  }

  /** Names of an image, tags before digests, each ordered. */
  namesOf(id: Digest): ImageName[] {
    const names = [...this.#byName].filter(([, { imageId }]) => imageId === id).map(([full]) => full);
    const rank = (full: string): number => (full.includes('@') ? 1 : 0);
    return names
      .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
      .map((full) => ({ full, reference: parseReference(full) }));
  }

  /** The image that has this name, exactly. */
  idOfName(name: Reference): Digest | undefined {
    return this.#byName.get(keyOf(name))?.imageId;
  }

  /** The index that this name stands for; undefined where it stands for one platform's manifest. */
  indexOfName(name: Reference): Digest | undefined {
    return this.#byName.get(keyOf(name))?.index;
  }

  /** As `indexOfName` for text that `resolve` takes; an ID stands for the only index of its image. */
  indexOf(text: string): Digest | undefined {
    const name = parseName(text);
    const named = name === undefined ? undefined : this.#byName.get(keyOf(name));
    if (named !== undefined) return named.index;
    const { indexes = [] } = this.resolve(text);
    return indexes.length === 1 ? indexes[0]?.digest : undefined;
  }

  /** Gives the name to the image, or to the index it came by; answers who had it. */
  setName(name: Reference, id: Digest, index?: Digest): Digest | undefined {
    const key = keyOf(name);
    const known = this.#byName.get(key);
    const before = known?.imageId;
    const stored = this.#byId.get(id);
    if (before === id && known?.index === index) return id;
    const entry: NameEntry = { imageId: id, ...(index === undefined ? {} : { index }) };
    this.#state.transaction(() => {
      this.#names.put(key, entry);
      if (stored !== undefined && name.digest === undefined)
        this.put({ ...stored, taggedAt: nowRfc3339Nano() });
    });
    this.#byName.set(key, entry);
    return before;
  }

  removeName(full: string): void {
    this.#names.delete(full);
    this.#byName.delete(full);
  }

  /**
   * The image that `text` names: `name[:tag]`, `name@digest`, a whole ID, or the beginning of one, IDs with or
   * without `sha256:`. Throws `not-found` (`No such image: x:latest`) or `invalid`.
   */
  resolve(text: string): ImageRecord {
    const byId = this.find(text.startsWith('sha256:') ? text : `sha256:${text}`);
    if (byId !== undefined) return byId;
    const name = parseName(text);
    const named = name === undefined ? undefined : this.#byName.get(keyOf(name));
    const found = named === undefined ? this.#byPrefix(text) : this.find(named.imageId);
    if (found !== undefined) return found;
    const asked = name === undefined ? text : familiarReference(name);
    throw notFound(`No such image: ${asked}`, { hint: `Get it with: wharf pull ${asked}` });
  }

  #byPrefix(text: string): ImageRecord | undefined {
    const hex = text.replace(/^sha256:/, '');
    if (!/^[a-f0-9]{1,64}$/.test(hex)) return undefined;
    const matches = [...this.#byId.keys()].filter((id) => id.startsWith(`sha256:${hex}`));
    if (matches.length > 1)
      throw invalid(`image ID ${text} is ambiguous: ${matches.length} images begin with it`);
    const [only] = matches;
    return only === undefined ? undefined : this.find(only);
  }

  #recordOf(stored: StoredImage): ImageRecord {
    const names = this.namesOf(stored.id);
    const familiar = (digest: boolean): string[] =>
      names
        .filter(({ reference }) => (reference.digest !== undefined) === digest)
        .map(({ reference }) => familiarReference(reference));
    return { ...stored, tags: familiar(false), repoDigests: familiar(true) };
  }
}

/** The key of a name: by digest where it has one, the tag then says nothing. */
function keyOf(name: Reference): string {
  if (name.digest === undefined) return formatReference(name);
  return `${repositoryOf(name)}@${name.digest}`;
}

/** The text as a name; undefined where it can only be an ID. Throws `invalid` where it is neither. */
function parseName(text: string): Reference | undefined {
  if (isDigest(text)) return undefined;
  try {
    return parseReference(text);
  } catch (thrown) {
    if (isKind(thrown, 'invalid') && /^(sha256:)?[a-f0-9]{1,64}$/.test(text)) return undefined;
    throw thrown;
  }
}
