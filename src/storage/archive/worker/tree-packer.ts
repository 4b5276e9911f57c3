// Directories as tar: sorted, with owners, links, devices and the attributes that matter.
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs';
import { isOpaque, isWhiteout } from '#kernel/overlay.ts';
import { lgetxattr, llistxattr, splitDeviceNumber } from '#kernel/syscalls.ts';
import { codeOf } from '#shared/errors.ts';
import { encodeHeader, endOfArchive } from '../tar/encode.ts';
import { paddingOf, type Run, type TarEntry } from '../tar/entry.ts';
import type { TarSink } from '../tar/sink.ts';
import { opaqueName, whiteoutPrefix } from './layer-entries.ts';
import { runsOf } from './sparse-file.ts';

export interface TreePackerOptions {
  /** Overlay's marks become those of a layer's tar. */
  asLayer: boolean;
  /** Holes of files stay holes: for readers that know them (GNU, libarchive, Go, Python and this house's own). */
  keepHoles?: boolean;
  /** Called before each entry; may throw to stop. */
  onEntry?: () => void;
}

const zeros = Buffer.alloc(512);
const chunk = Buffer.allocUnsafe(256 * 1024);
const quiet = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export class TreePacker {
  #sink: TarSink;
  #options: TreePackerOptions;
  #linked = new Map<string, string>();
  #contentBytes = 0;

  constructor(sink: TarSink, options: TreePackerOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  get contentBytes(): number {
    return this.#contentBytes;
  }

  /** Everything in the directory `path`, under `prefix` ('' or ending in a slash). */
  children(path: string, prefix: string): void {
    for (const name of readdirSync(path).sort()) this.entry(`${path}/${name}`, prefix + name);
  }

  /** What is at `path`, as `name`, with everything in it. Vanished files and sockets are left out. */
  entry(path: string, name: string): void {
    this.#options.onEntry?.();
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined || stat.isSocket()) return;
    if (this.#options.asLayer && isWhiteout(stat)) this.#whiteout(name);
    else if (stat.isDirectory()) this.directory(path, `${name}/`);
    else if (stat.isFile()) this.#file(path, name, stat);
    else this.#put(this.#describe(path, name, stat));
  }

  /** A directory with everything in it; `name` ends in a slash. */
  directory(path: string, name: string): void {
    this.#put(this.#describe(path, name, lstatSync(path)));
    if (this.#options.asLayer && isOpaque(path)) this.#put(marker(name + opaqueName));
    this.children(path, name);
  }

  /** Writes the end of the archive. */
  finish(): void {
    this.#sink.write(endOfArchive);
    this.#sink.flush();
  }

  #whiteout(name: string): void {
    const slash = name.lastIndexOf('/') + 1;
    this.#put(marker(name.slice(0, slash) + whiteoutPrefix + name.slice(slash)));
  }

  #file(path: string, name: string, stat: Stats): void {
    const key = `${stat.dev}:${stat.ino}`;
    const first = stat.nlink > 1 ? this.#linked.get(key) : undefined;
    if (first !== undefined) {
      this.#put({ ...this.#describe(path, name, stat), type: 'link', linkName: first, size: 0 });
      return;
    }
    if (stat.nlink > 1) this.#linked.set(key, name);
    const fd = openFile(path);
    if (fd === undefined) return;
    try {
      // Somebody may be writing to it: what the header says is what is sent.
      const now = fstatSync(fd);
      const runs = this.#options.keepHoles === true ? runsOf(fd, now) : undefined;
      const entry = { ...this.#describe(path, name, stat), size: now.size };
      this.#put(runs === undefined ? entry : { ...entry, runs });
      this.#content(fd, runs ?? [{ at: 0, bytes: now.size }]);
    } finally {
      closeSync(fd);
    }
  }

  #content(fd: number, runs: readonly Run[]): void {
    let stored = 0;
    for (const { at, bytes } of runs) {
      this.#run(fd, at, bytes);
      stored += bytes;
    }
    this.#zeros(paddingOf(stored));
    this.#contentBytes += stored;
  }

  #run(fd: number, from: number, bytes: number): void {
    let left = bytes;
    while (left > 0) {
      const count = readSync(fd, chunk, 0, Math.min(left, chunk.length), from + bytes - left);
      if (count === 0) break;
      this.#sink.write(chunk.subarray(0, count));
      left -= count;
    }
    this.#zeros(left);
  }

  #zeros(bytes: number): void {
    for (let left = bytes; left > 0; left -= zeros.length)
      this.#sink.write(zeros.subarray(0, Math.min(left, zeros.length)));
  }

  #put(entry: TarEntry): void {
    this.#sink.write(encodeHeader(entry));
  }

  #describe(path: string, name: string, stat: Stats): TarEntry {
    const type = typeOf(stat);
    const isDevice = type === 'character' || type === 'block';
    const { major, minor } = isDevice ? splitDeviceNumber(stat.rdev) : { major: 0, minor: 0 };
    return {
      name,
      type,
      mode: stat.mode & 0o7777,
      uid: stat.uid,
      gid: stat.gid,
      size: 0,
      mtime: Math.floor(stat.mtimeMs / 1000),
      linkName: type === 'symlink' ? readlinkSync(path) : '',
      major,
      minor,
      xattrs: xattrsOf(path),
    };
  }
}

function typeOf(stat: Stats): TarEntry['type'] {
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isCharacterDevice()) return 'character';
  if (stat.isBlockDevice()) return 'block';
  return stat.isFIFO() ? 'fifo' : 'file';
}

const marker = (name: string): TarEntry => ({
  name,
  type: 'file',
  mode: 0o600,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 0,
  linkName: '',
  major: 0,
  minor: 0,
  xattrs: undefined,
});

function openFile(path: string): number | undefined {
  try {
    return openSync(path, quiet);
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT' || codeOf(thrown) === 'ELOOP') return undefined;
    throw thrown;
  }
}

function xattrsOf(path: string): Map<string, Buffer> | undefined {
  let found: Map<string, Buffer> | undefined;
  try {
    for (const name of llistxattr(path)) {
      const isKept = name === 'security.capability' || name.startsWith('user.');
      if (!isKept || name.startsWith('user.overlay.')) continue;
      found ??= new Map();
      found.set(name, Buffer.from(lgetxattr(path, name)));
    }
  } catch (thrown) {
    if (!['ENOTSUP', 'EOPNOTSUPP', 'ENODATA', 'ENOENT'].includes(codeOf(thrown) ?? '')) throw thrown;
  }
  return found;
}
