// The trash, Wharf's own: what was removed and can come back.

/** A thing in the trash. */
export interface TrashRow {
  Id: string;
  Kind: 'container' | 'image' | 'volume';
  /** As it was removed by. */
  Name: string;
  /** RFC 3339. */
  RemovedAt: string;
  /** The same for all that one command removed. */
  Group: string;
  /** Bytes it takes at most; -1 where they could not be counted. */
  Size: number;
}

/** Answer of `POST /trash/undo`. */
export interface TrashUndone {
  Restored: TrashRow[];
  /** What could not come back, and why. */
  Warnings: string[];
}
