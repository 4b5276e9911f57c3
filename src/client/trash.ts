// The trash over the wire.
import type { Wire } from '#client/wire.ts';
import type { TrashRow, TrashUndone } from '#shared/contract/trash.ts';

export class Trash {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** The newest first. */
  list(): Promise<TrashRow[]> {
    return this.#wire.json('/trash');
  }

  /** Without ids: what the last command removed. */
  undo(ids: readonly string[]): Promise<TrashUndone> {
    return this.#wire.json('/trash/undo', { method: 'POST', query: { id: ids } });
  }

  /** Without ids: everything. Gives what went. */
  empty(ids: readonly string[]): Promise<TrashRow[]> {
    return this.#wire.json('/trash/empty', { method: 'POST', query: { id: ids } });
  }
}
