// Where the snapshot store keeps things: short numbered folders, so that many of them fit one mount call.
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface ActivePlace {
  dir: string;
  upper: string;
  work: string;
  merged: string;
}

/** `layers/<n>/fs`, `active/<n>/{upper,work,merged}`, `tmp/` (layers on their way), `trash/`, `empty`. */
export class Places {
  readonly layers: string;
  readonly actives: string;
  readonly tmp: string;
  readonly trash: string;
  /** A directory that is always empty: the lower of a snapshot without layers. */
  readonly empty: string;
  #next: number;

  constructor(dir: string) {
    this.layers = join(dir, 'layers');
    this.actives = join(dir, 'active');
    this.tmp = join(dir, 'tmp');
    this.trash = join(dir, 'trash');
    this.empty = join(dir, 'empty');
    for (const each of [this.layers, this.actives, this.tmp, this.trash]) {
      mkdirSync(each, { recursive: true, mode: 0o700 });
    }
    mkdirSync(this.empty, { recursive: true, mode: 0o755 });
    this.#next = 1 + Math.max(0, ...[this.layers, this.actives, this.tmp, this.trash].flatMap(numbersIn));
  }

  /** A number that no folder of this store has. */
  number(): number {
    return this.#next++;
  }

  layer(n: number): string {
    return join(this.layers, String(n));
  }

  /** The layer's files. */
  layerFiles(n: number): string {
    return join(this.layers, String(n), 'fs');
  }

  active(n: number): ActivePlace {
    const dir = join(this.actives, String(n));
    return { dir, upper: join(dir, 'upper'), work: join(dir, 'work'), merged: join(dir, 'merged') };
  }
}

/** The numbered folders in `dir`. */
export function numbersIn(dir: string): number[] {
  return readdirSync(dir).map(Number).filter(Number.isSafeInteger);
}
