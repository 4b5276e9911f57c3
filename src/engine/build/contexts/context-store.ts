// Contexts that clients sent, by content: a client that comes again sends only the files that are not here.
import { hash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { conflict } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { nowRfc3339Nano } from '#shared/notation/time.ts';
import type { Collection } from '#storage/state/collection.ts';
import type { State } from '#storage/state/state.ts';
import { storeFiles } from '../spool/spool.ts';
import { spooledFiles } from '../spool/spooled-files.ts';
import type { SourceTree } from '../tree/source-tree.ts';
import { decodeIndex } from './index-file.ts';

interface ContextRecord {
  /** RFC 3339. */
  lastUsed: string;
  sizeBytes: number;
  /** Files are not forced to disk: what another run of the machine wrote is not believed. */
  bootId: string;
}

export interface OpenedContext extends Disposable {
  tree: Pick<SourceTree, 'root' | 'files' | 'knownDigest'>;
}

const mostContexts = 12;
const mostBytes = 8 * 2 ** 30;
const restMs = 60_000;
/** A client that offers a context sends what is missing, and builds from it, right afterwards. */
const expectedMs = 20_000;

export class ContextStore {
  /** Made with the first context. */
  readonly #dir: string;
  readonly #files: string;
  readonly #indexes: string;
  readonly #incoming: string;
  readonly #records: Collection<ContextRecord>;
  readonly #bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  readonly #inUse = new Map<string, number>();
  /** Offered a moment ago, and not built from yet. */
  readonly #expected = new Map<string, NodeJS.Timeout>();
  /** The one that was used last, for a while: reading its index takes longer than all the rest. */
  #last: { id: string; tree: OpenedContext['tree']; timer: NodeJS.Timeout } | undefined;

  constructor({ root, state }: { root: string; state: State }) {
    this.#dir = join(root, 'build', 'contexts');
    this.#files = join(this.#dir, 'files');
    this.#indexes = join(this.#dir, 'indexes');
    this.#incoming = join(this.#dir, 'incoming');
    rmSync(this.#incoming, { recursive: true, force: true });
    this.#records = state.collection<ContextRecord>('build-contexts');
    for (const { id, value } of this.#records.all())
      if (value.bootId !== this.#bootId) this.#records.delete(id);
  }

  /** Keeps an index; tells the digests of files that are to be sent before the context can be used. */
  offer(index: Buffer): { id: string; missing: string[] } {
    const id = hash('sha256', index);
    const entries = decodeIndex(index);
    for (const each of [this.#files, this.#indexes, this.#incoming]) makeFolders(mkdirSync, each, 0o700);
    if (this.#records.all().length === 0) this.#sweep();
    writeFileSync(join(this.#indexes, id), index, { mode: 0o600 });
    const wanted = new Set(entries.flatMap(({ digest }) => (digest === '' ? [] : [digest])));
    const missing = [...wanted].filter((digest) => !existsSync(this.#fileOf(digest)));
    this.#hold(id);
    if (missing.length === 0)
      this.#complete(
        id,
        entries.reduce((sum, { size }) => sum + size, 0),
      );
    this.#release(id);
    this.#expect(id);
    return { id, missing };
  }

  /** Takes files that were missing: a tar whose entries are named by digest. Each is verified. See `storeFiles`. */
  async fill(id: string, tar: Readable): Promise<void> {
    this.#assertOffered(id);
    this.#hold(id);
    try {
      await storeFiles(tar, this.#files, new AbortController().signal);
      const { missing } = this.offer(readFileSync(join(this.#indexes, id)));
      if (missing.length > 0)
        throw conflict(`build context ${id}: ${missing.length} files are still missing`);
    } finally {
      this.#release(id);
    }
  }

  /** Throws `conflict` where the context is not here: offer it. Disposing lets go of it. */
  open(id: string): OpenedContext {
    const record = this.#records.get(id);
    if (record === undefined) throw conflict(`build context ${id} is not here`);
    this.#records.put(id, { ...record, lastUsed: nowRfc3339Nano() });
    this.#hold(id);
    this.#expectNoMore(id);
    return { tree: this.#treeOf(id), [Symbol.dispose]: () => this.#release(id) };
  }

  /** Forgets what no build uses, or is about to use, just now; gives the bytes of files that went. */
  prune(): number {
    for (const { id } of this.#records.all()) if (!this.#isWanted(id)) this.#forget(id);
    if (!existsSync(this.#indexes)) return 0;
    const freed = this.#sweep();
    if (this.#inUse.size + this.#expected.size === 0) rmSync(this.#dir, { recursive: true, force: true });
    return freed;
  }

  #treeOf(id: string): OpenedContext['tree'] {
    const known = this.#last;
    if (known?.id === id) {
      known.timer.refresh();
      return known.tree;
    }
    const entries = decodeIndex(readFileSync(join(this.#indexes, id)));
    const { files, digest } = spooledFiles(entries, ({ digest }) => this.#fileOf(digest), { isStored: true });
    const tree = { root: '/', files, knownDigest: digest };
    clearTimeout(known?.timer);
    const timer = setTimeout(() => {
      this.#last = undefined;
    }, restMs).unref();
    this.#last = { id, tree, timer };
    return tree;
  }

  #complete(id: string, sizeBytes: number): void {
    this.#records.put(id, { lastUsed: nowRfc3339Nano(), sizeBytes, bootId: this.#bootId });
    const all = this.#records.all().sort((a, b) => (a.value.lastUsed < b.value.lastUsed ? 1 : -1));
    let [count, bytes] = [0, 0];
    let isOver = false;
    for (const { id: each, value } of all) {
      count += 1;
      bytes += value.sizeBytes;
      if ((count <= mostContexts && bytes <= mostBytes) || this.#isWanted(each)) continue;
      this.#forget(each);
      isOver = true;
    }
    if (isOver) this.#sweep();
  }

  /** Files that no known context has go. Those that a layer shares stay there. */
  #sweep(): number {
    // What is being offered now is no record yet, but its index is held.
    const known = this.#records.all().map(({ id }) => id);
    const ids = new Set([...known, ...this.#inUse.keys(), ...this.#expected.keys()]);
    const wanted = new Set<string>();
    for (const name of readdirSync(this.#indexes)) {
      const path = join(this.#indexes, name);
      if (!ids.has(name)) rmSync(path);
      else for (const { digest } of decodeIndex(readFileSync(path))) wanted.add(digest);
    }
    let freed = 0;
    for (const folder of readdirSync(this.#files)) {
      for (const name of readdirSync(join(this.#files, folder))) {
        if (wanted.has(name)) continue;
        const path = join(this.#files, folder, name);
        freed += lstatSync(path).size;
        rmSync(path);
      }
    }
    return freed;
  }

  #forget(id: string): void {
    this.#records.delete(id);
    if (this.#last?.id === id) this.#last = undefined;
  }

  #fileOf(digest: string): string {
    return join(this.#files, digest.slice(0, 2), digest);
  }

  #assertOffered(id: string): void {
    if (!/^[0-9a-f]{64}$/.test(id) || !existsSync(join(this.#indexes, id)))
      throw conflict(`build context ${id} was not offered`);
  }

  #isWanted = (id: string): boolean => this.#inUse.has(id) || this.#expected.has(id);

  #expect(id: string): void {
    const timer = this.#expected.get(id);
    if (timer === undefined)
      this.#expected.set(id, setTimeout(() => this.#expected.delete(id), expectedMs).unref());
    else timer.refresh();
  }

  #expectNoMore(id: string): void {
    clearTimeout(this.#expected.get(id));
    this.#expected.delete(id);
  }

  #hold(id: string): void {
    this.#inUse.set(id, (this.#inUse.get(id) ?? 0) + 1);
  }

  #release(id: string): void {
    const left = (this.#inUse.get(id) ?? 1) - 1;
    if (left === 0) this.#inUse.delete(id);
    else this.#inUse.set(id, left);
  }
}
