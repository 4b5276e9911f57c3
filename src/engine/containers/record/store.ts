// All containers: in memory for reading, in the state database before that.
import { conflict, invalid, notFound } from '#shared/errors.ts';
import type { Collection } from '#storage/state/collection.ts';
import type { State } from '#storage/state/state.ts';
import { type ContainerRecord, containerShape } from './record.ts';

/** Each change is durable when the call returns, and visible only after that. */
export class ContainerStore {
  #stored: Collection<ContainerRecord>;
  #records = new Map<string, ContainerRecord>();
  #names = new Map<string, string>();

  constructor(state: State) {
    this.#stored = state.collection<ContainerRecord>('containers', containerShape);
    for (const { value } of this.#stored.all()) {
      // The name of a container that was being removed may have a new owner already.
      if (value.phase === 'removing') this.#records.set(value.id, value);
      else this.#remember(value);
    }
  }

  /** Every record, in the order of creation. */
  all(): ContainerRecord[] {
    return [...this.#records.values()];
  }

  get(id: string): ContainerRecord | undefined {
    return this.#records.get(id);
  }

  /** The record of a full id. Throws `not-found` where the container is gone. */
  require(id: string): ContainerRecord {
    const record = this.#records.get(id);
    if (record === undefined) throw notFound(`No such container: ${id}`);
    return record;
  }

  /** Finds by full id, name, or unique prefix of an id. Throws `not-found`, or `invalid` where a prefix is ambiguous. */
  resolve(ref: string): ContainerRecord {
    const bare = ref.startsWith('/') ? ref.slice(1) : ref;
    const exact = this.#records.get(ref) ?? this.byName(bare);
    if (exact !== undefined) return exact;
    if (bare === '') throw notFound(`No such container: ${ref}`);
    let found: ContainerRecord | undefined;
    for (const record of this.#records.values()) {
      if (!record.id.startsWith(bare)) continue;
      if (found !== undefined) throw invalid(`Multiple IDs found with provided prefix: ${ref}`);
      found = record;
    }
    if (found === undefined) throw notFound(`No such container: ${ref}`);
    return found;
  }

  byName(name: string): ContainerRecord | undefined {
    const id = this.#names.get(name);
    return id === undefined ? undefined : this.#records.get(id);
  }

  /** Throws Docker's conflict sentence where another container has the name. */
  assertNameFree(name: string): void {
    const holder = this.#names.get(name);
    if (holder === undefined) return;
    throw conflict(
      `Conflict. The container name "/${name}" is already in use by container "${holder}". ` +
        'You have to remove (or rename) that container to be able to reuse that name.',
    );
  }

  /** Adds a record. Throws `conflict` where its name is taken. */
  add(record: ContainerRecord): void {
    this.assertNameFree(record.name);
    this.#stored.put(record.id, record);
    this.#remember(record);
  }

  /** Changes some fields of a record and returns the new one. */
  update(id: string, changes: Partial<ContainerRecord>): ContainerRecord {
    return this.replace({ ...this.require(id), ...changes });
  }

  /** Puts a whole record in place of the one with its id, and returns it. */
  replace(after: ContainerRecord): ContainerRecord {
    const before = this.require(after.id);
    if (after.name !== before.name) this.assertNameFree(after.name);
    this.#stored.put(after.id, after);
    if (after.name !== before.name) this.#names.delete(before.name);
    this.#remember(after);
    return after;
  }

  /** Nobody finds the container any more and its name is free; the stored record stays until `delete`. */
  hide(id: string): void {
    const record = this.#records.get(id);
    if (record !== undefined && this.#names.get(record.name) === id) this.#names.delete(record.name);
    this.#records.delete(id);
  }

  /** Forgets a container. Safe to repeat. */
  delete(id: string): void {
    this.#stored.delete(id);
    this.hide(id);
  }

  #remember(record: ContainerRecord): void {
    this.#records.set(record.id, record);
    this.#names.set(record.name, record.id);
  }
}
