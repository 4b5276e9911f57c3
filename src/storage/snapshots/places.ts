// Where the snapshot store keeps things: short numbered folders, so that many of them fit one mount call.
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolders } from '#shared/make-folders.ts';
import { spreadFolders } from './spread.ts';

export interface ActivePlace {
  dir: string;
  upper: string;
  work: string;
  merged: string;
}

/** `layers/<n>/fs`, `active/<n>/{upper,work,merged}`, `tmp/` (layers on their way), `trash/`, `empty`, `stubs`. */
export class Places {
  readonly layers: string;
  readonly actives: string;
  readonly tmp: string;
  readonly trash: string;
  /** A directory that is always empty: the lower of a snapshot without layers. */
  readonly empty: string;
  /** Lies under every mounted snapshot: where a box mounts things, so that they need not be made in its upper. */
  readonly stubs: string;
  #next: number;

  constructor(dir: string) {
    this.layers = join(dir, 'layers');
    this.actives = join(dir, 'active');
    this.tmp = join(dir, 'tmp');
    this.trash = join(dir, 'trash');
    this.empty = join(dir, 'empty');
    for (const each of [this.layers, this.actives, this.tmp, this.trash]) {
      makeFolders(mkdirSync, each, 0o700);
    }
    spreadFolders(this.tmp);
    makeFolders(mkdirSync, this.empty, 0o755);
    this.stubs = ensureStubs(join(dir, 'stubs'));
    this.#next = 1 + Math.max(0, ...[this.layers, this.actives, this.tmp, this.trash].flatMap(numbersIn));
  }

  /** A number that no folder of this store has. */
  number(): number {
    return this.#next++;
  }

  /** A folder for a layer on its way: by its name the file system chooses a part of the disk (`spreadFolders`). */
  arriving(n: number): string {
    return join(this.tmp, `${n}-${randomBytes(4).toString('hex')}`);
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

const stubFolders = ['dev', 'etc', 'proc', 'sys'];
const stubFiles = ['etc/hostname', 'etc/hosts', 'etc/resolv.conf'];

function ensureStubs(dir: string): string {
  for (const folder of stubFolders) makeFolders(mkdirSync, join(dir, folder), 0o755);
  for (const file of stubFiles) writeFileSync(join(dir, file), '', { mode: 0o644 });
  for (const folder of ['', ...stubFolders]) utimesSync(join(dir, folder), 0, 0);
  return dir;
}
