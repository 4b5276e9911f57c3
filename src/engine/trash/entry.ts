// What the trash remembers of a thing that was removed and can come back.
import type { ShelvedContainer } from '#engine/containers/shelve.ts';
import type { ShelvedImages } from '#engine/images/shelve.ts';
import type { ShelvedVolume } from '#engine/volumes/shelve.ts';
import type { Collection } from '#storage/state/collection.ts';
import type { Leases } from '#storage/state/leases.ts';
import type { State } from '#storage/state/state.ts';

interface EntryBase {
  id: string;
  /** What one command removed: undone together. */
  group: string;
  /** As it was removed by. */
  name: string;
  removedAtMs: number;
}

export type TrashEntry = EntryBase &
  (
    | { kind: 'container'; data: ShelvedContainer }
    | { kind: 'image'; data: ShelvedImages }
    | { kind: 'volume'; data: ShelvedVolume }
  );

type Thing = TrashEntry extends infer One
  ? One extends TrashEntry
    ? Pick<One, 'kind' | 'data'>
    : never
  : never;

/** Who holds what an entry needs. */
export const holderOfEntry = (id: string): string => `trash:${id}`;

/** The entries at rest; `containers/shelve.ts` looks into the same collection. */
export class TrashEntries {
  readonly #state: State;
  readonly #leases: Leases;
  readonly #stored: Collection<TrashEntry>;

  constructor({ state, leases }: { state: State; leases: Leases }) {
    this.#state = state;
    this.#leases = leases;
    this.#stored = state.collection<TrashEntry>('trash');
  }

  /** The oldest first. */
  all(): TrashEntry[] {
    return this.#stored
      .all()
      .map(({ value }) => value)
      .sort((a, b) => a.removedAtMs - b.removedAtMs || (a.id < b.id ? -1 : 1));
  }

  /** Durable when it returns, or with the transaction around it. */
  put(base: EntryBase, thing: Thing, subjects: readonly string[] = []): void {
    this.#state.transaction(() => {
      this.#stored.put(base.id, { ...base, ...thing });
      for (const subject of subjects) this.#leases.hold(subject, holderOfEntry(base.id));
    });
  }

  /** The entry is no more, and what it held is let go; gives what that was. */
  drop(id: string): string[] {
    return this.#state.transaction(() => {
      const held = this.#leases.heldBy(holderOfEntry(id));
      this.#leases.release(holderOfEntry(id));
      this.#stored.delete(id);
      return held;
    });
  }
}
