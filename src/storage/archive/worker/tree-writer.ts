// Writing archive entries into the directory this thread is confined to.
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { isWhiteout, setOpaque } from '#kernel/overlay.ts';
import { deviceNumber, lsetxattr, mknod, S_IF } from '#kernel/syscalls.ts';
import { codeOf, EngineError, invalid } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { diskFault } from '../../disk-faults.ts';
import type { Owner } from '../jobs.ts';
import type { TarEntry } from '../tar/entry.ts';
import type { ByteSource } from '../tar/source.ts';
import { eachContent, storedBytes } from '../tar/sparse.ts';
import { passesNothingOn, passesOn } from './as-made.ts';
import { cleanName, quoteName } from './entry-name.ts';
import { writeSparse } from './sparse-file.ts';

export interface TreeWriterOptions {
  /** Directory inside the confinement that names are relative to; '' for its root. */
  base: string;
  /** Refuse to replace a directory with something else, and the other way round. */
  noOverwriteDirNonDir?: boolean;
  /** Instead of the owners in the archive. */
  chown?: Owner;
  /**
   * It is new, empty, and nobody else's: what is made there has the owner and mode it is made with, which saves two
   * calls for each file. Only within `withoutUmask`.
   */
  fresh?: boolean;
  /** Sees the content of files. */
  onContent?: (piece: Buffer) => void;
}

const newFile = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
// Writing takes them away, and so does a new owner.
const specialBits = 0o7000;
// Not the archive's doing: these are told as they are.
const hostFaults = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE', 'ENFILE', 'ENOMEM']);

/** Every path it touches is under `base`; safe only inside `confined`, for symbolic links are followed there. */
export class TreeWriter {
  #options: TreeWriterOptions;
  #directoryTimes = new Map<string, number>();
  #contentBytes = 0;
  /** Nothing that is made takes its group or its mode from the directory it is in. */
  #asMade: boolean;

  constructor(options: TreeWriterOptions) {
    this.#options = options;
    this.#asMade = options.fresh === true && passesNothingOn(options.base || '/');
  }

  /** Bytes of file content written so far. */
  get contentBytes(): number {
    return this.#contentBytes;
  }

  /** Writes one entry with its attributes, taking its content from `source`. Throws `invalid` naming it. */
  write(entry: TarEntry, source: ByteSource): void {
    this.guard(entry.name, () => {
      const path = this.pathOf(entry.name);
      if (entry.type === 'file') this.#file(path, entry, source);
      else if (entry.type === 'directory') this.#directory(path, entry);
      else this.#node(path, entry);
    });
  }

  /** Where an entry of this name goes. */
  pathOf(name: string): string {
    const clean = cleanName(name);
    return clean === '' ? this.#options.base || '/' : `${this.#options.base}/${clean}`;
  }

  /** Times of directories, which their content has changed meanwhile. Call once, at the end. */
  finish(): void {
    for (const [path, mtime] of [...this.#directoryTimes].reverse()) {
      if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) lutimesSync(path, mtime, mtime);
    }
  }

  /** Runs `work`; what the file system throws becomes an error that names the entry. */
  guard(name: string, work: () => void): void {
    try {
      work();
    } catch (thrown) {
      const code = codeOf(thrown);
      if (thrown instanceof EngineError || code === undefined) throw thrown;
      if (hostFaults.has(code)) throw diskFault(`writing ${quoteName(name)}`, thrown);
      throw invalid(`entry ${quoteName(name)} cannot be unpacked: ${reasonOf(code)}`, { cause: thrown });
    }
  }

  /** Does `make`, after clearing what stands in its way and making missing parents. */
  place(path: string, make: () => void): void {
    for (let attempt = 0; ; attempt++) {
      try {
        make();
        return;
      } catch (thrown) {
        const code = codeOf(thrown);
        if (attempt > 1 || (code !== 'EEXIST' && code !== 'ENOENT')) throw thrown;
        if (code === 'EEXIST') this.#clear(path);
        else makeParents(path);
      }
    }
  }

  #file(path: string, entry: TarEntry, source: ByteSource): void {
    let fd = -1;
    const isDone = this.#isRoots(entry) && (entry.mode & specialBits) === 0;
    this.place(path, () => {
      fd = openSync(path, newFile, isDone ? entry.mode : 0o600);
    });
    try {
      const { onContent } = this.#options;
      if (entry.runs === undefined) {
        eachContent(source, entry, (piece) => {
          onContent?.(piece);
          for (let at = 0; at < piece.length; ) at += writeSync(fd, piece, at, piece.length - at);
        });
      } else writeSparse(fd, source, entry, onContent);
      this.#contentBytes += storedBytes(entry);
      if (!isDone) {
        const { uid, gid } = this.#options.chown ?? entry;
        fchownSync(fd, uid, gid);
        fchmodSync(fd, entry.mode);
      }
      if (entry.xattrs !== undefined) setXattrs(path, entry.xattrs);
      futimesSync(fd, entry.mtime, entry.mtime);
    } finally {
      closeSync(fd);
    }
  }

  /** Made by this thread, it belongs to whom it shall. */
  #isRoots(entry: TarEntry): boolean {
    const { uid, gid } = this.#options.chown ?? entry;
    return this.#asMade && uid === 0 && gid === 0;
  }

  #directory(path: string, entry: TarEntry): void {
    const isTop = cleanName(entry.name) === '';
    const found = isTop ? undefined : this.#makeDirectory(path);
    if (isTop && this.#options.base !== '') return;
    const { uid, gid } = this.#options.chown ?? entry;
    lchownSync(path, uid, gid);
    chmodSync(path, entry.mode);
    if (entry.xattrs !== undefined) setXattrs(path, entry.xattrs);
    if (passesOn(entry)) this.#asMade = false;
    // It hides what lower layers have there, for the whiteout said so.
    if (found === 'whiteout') setOpaque(path);
    this.#directoryTimes.set(path, entry.mtime);
  }

  #makeDirectory(path: string): 'whiteout' | undefined {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory()) return undefined;
    if (found !== undefined) this.#clear(path, true);
    this.place(path, () => mkdirSync(path, 0o755));
    return found !== undefined && isWhiteout(found) ? 'whiteout' : undefined;
  }

  #node(path: string, entry: TarEntry): void {
    this.place(path, () => this.#makeNode(path, entry));
    if (entry.type === 'link') return;
    const { uid, gid } = this.#options.chown ?? entry;
    if (!this.#isRoots(entry)) lchownSync(path, uid, gid);
    if (entry.type !== 'symlink') chmodSync(path, entry.mode);
    if (entry.xattrs !== undefined) setXattrs(path, entry.xattrs);
    lutimesSync(path, entry.mtime, entry.mtime);
  }

  #makeNode(path: string, entry: TarEntry): void {
    const device = deviceNumber(entry.major, entry.minor);
    if (entry.type === 'symlink') symlinkSync(entry.linkName, path);
    else if (entry.type === 'link') this.#hardLink(path, entry);
    else if (entry.type === 'fifo') mknod(path, S_IF.FIFO | 0o600);
    else mknod(path, (entry.type === 'character' ? S_IF.CHR : S_IF.BLK) | 0o600, device);
  }

  #hardLink(path: string, entry: TarEntry): void {
    const target = this.pathOf(entry.linkName);
    if (target === path) throw invalid(`entry ${quoteName(entry.name)} is a hard link to itself`);
    if (lstatSync(target, { throwIfNoEntry: false }) === undefined) {
      throw invalid(
        `entry ${quoteName(entry.name)}: its hard link target ${quoteName(entry.linkName)} is missing`,
      );
    }
    linkSync(target, path);
  }

  #clear(path: string, forDirectory = false): void {
    const isDirectory = lstatSync(path).isDirectory();
    if (path === (this.#options.base || '/')) throw invalid('an entry would replace the root directory');
    if (this.#options.noOverwriteDirNonDir && isDirectory !== forDirectory) {
      const [old, fresh] = isDirectory ? ['directory', 'non-directory'] : ['non-directory', 'directory'];
      throw invalid(`cannot overwrite ${old} ${quoteName(path)} with ${fresh}`);
    }
    this.#directoryTimes.delete(path);
    rmSync(path, { recursive: true, force: true });
  }
}

/** Missing parents of `path` are there, 0755 and root's. */
export function makeParents(path: string): void {
  makeFolders(mkdirSync, dirname(path), 0o755);
}

function setXattrs(path: string, xattrs: ReadonlyMap<string, Buffer>): void {
  for (const [name, value] of xattrs) {
    if (name.startsWith('trusted.overlay.') || name.startsWith('user.overlay.')) continue;
    try {
      lsetxattr(path, name, value);
    } catch (thrown) {
      // File systems without them, and user.* on links and devices: the file is still of use.
      if (!['ENOTSUP', 'EOPNOTSUPP', 'EPERM'].includes(codeOf(thrown) ?? '')) throw thrown;
    }
  }
}

const reasons: Record<string, string> = {
  ENOTDIR: 'a parent of it is not a directory',
  EEXIST: 'a parent of it is not a directory',
  ENOENT: 'a parent of it leads nowhere',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'its name is too long',
  EPERM: 'operation not permitted',
};

const reasonOf = (code: string): string => reasons[code] ?? code;
