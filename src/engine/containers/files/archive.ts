// Copying files in and out of a container, as tar streams.
import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { pathInRoot } from '#kernel/root-path.ts';
import { resolveUser } from '#runtime/users.ts';
import { forbidden, invalid, notFound } from '#shared/errors.ts';
import { cleanPath } from '#shared/notation/mount.ts';
import { rfc3339NanoOf } from '#shared/notation/time.ts';
import { extractTree, type PipeReader, packTree } from '#storage/archive/archive.ts';
import type { ContainerRecord } from '../record/record.ts';
import { announce, type Room } from '../room.ts';
import { openRootfs } from './rootfs.ts';

/** `X-Docker-Container-Path-Stat`. `mode` in Go's file mode bits. */
export interface PathStat {
  name: string;
  size: number;
  mode: number;
  mtime: string;
  linkTarget: string;
}

export interface PutOptions {
  path: string;
  stream: Readable;
  /** Refuse to put a file where a directory is, and the other way round. */
  noOverwriteDirNonDir: boolean;
  /** Keep the owners of the archive; otherwise all belongs to the container's user. */
  copyUIDGID: boolean;
  signal?: AbortSignal;
}

const goModes: [test: (stat: Stats) => boolean, bits: number][] = [
  [(stat) => stat.isDirectory(), 2 ** 31],
  [(stat) => stat.isSymbolicLink(), 2 ** 27],
  [(stat) => stat.isBlockDevice() || stat.isCharacterDevice(), 2 ** 26],
  [(stat) => stat.isFIFO(), 2 ** 25],
  [(stat) => stat.isSocket(), 2 ** 24],
  [(stat) => (stat.mode & 0o4000) !== 0, 2 ** 23],
  [(stat) => (stat.mode & 0o2000) !== 0, 2 ** 22],
  [(stat) => stat.isCharacterDevice(), 2 ** 21],
  [(stat) => (stat.mode & 0o1000) !== 0, 2 ** 20],
];

/** Go's os.FileMode of a file. */
export function goModeOf(stat: Stats): number {
  return goModes.reduce((mode, [test, bits]) => (test(stat) ? mode + bits : mode), stat.mode & 0o777);
}

/** Describes a path; a link at its end is described itself. Throws `not-found`. */
export function statPath(room: Room, record: ContainerRecord, path: string): PathStat {
  using rootfs = openRootfs(room, record);
  return statIn(record, rootfs.root, path);
}

function statIn(record: ContainerRecord, root: string, path: string): PathStat {
  const keepLast = !/\/\.?$/.test(path);
  const host = pathInRoot(root, cleanPath(path), { keepLast });
  const stat = lstatSync(host, { throwIfNoEntry: false });
  if (stat === undefined) throw notFound(`Could not find the file ${path} in container ${record.name}`);
  return {
    name: path === '/' ? '/' : basename(cleanPath(path)),
    size: stat.size,
    mode: goModeOf(stat),
    mtime: rfc3339NanoOf(stat.mtimeMs),
    linkTarget: stat.isSymbolicLink() ? readlinkSync(host) : '',
  };
}

/** The path as a tar stream, its entries named from its last part on. The stream is the caller's to read or destroy. */
export function getArchive(
  room: Room,
  record: ContainerRecord,
  path: string,
): { stat: PathStat; stream: PipeReader } {
  const rootfs = openRootfs(room, record);
  try {
    const stat = statIn(record, rootfs.root, path);
    const followLinks = /\/\.?$/.test(path);
    const stream = packTree({ root: rootfs.root, path: cleanPath(path), followLinks });
    stream.once('close', () => rootfs[Symbol.dispose]());
    announce(room, record, 'archive-path');
    return { stat, stream };
  } catch (thrown) {
    rootfs[Symbol.dispose]();
    throw thrown;
  }
}

/** The archive's entries are below `path`, a directory, when this resolves. */
export async function putArchive(room: Room, record: ContainerRecord, options: PutOptions): Promise<void> {
  using rootfs = openRootfs(room, record);
  const into = cleanPath(options.path);
  const host = pathInRoot(rootfs.root, into);
  const stat = lstatSync(host, { throwIfNoEntry: false });
  if (stat === undefined) {
    throw notFound(`Could not find the file ${options.path} in container ${record.name}`);
  }
  if (!stat.isDirectory()) throw invalid('extraction point is not a directory');
  assertWritable(record, rootfs.root, into);
  const user = options.copyUIDGID ? resolveUser(rootfs.root, record.config.User ?? '', []) : undefined;
  await extractTree({
    stream: options.stream,
    root: rootfs.root,
    into,
    noOverwriteDirNonDir: options.noOverwriteDirNonDir,
    ...(user === undefined ? {} : { chown: { uid: user.uid, gid: user.gid } }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  announce(room, record, 'extract-to-dir');
}

function assertWritable(record: ContainerRecord, root: string, path: string): void {
  const whole = pathInRoot(root, path);
  const mount = record.mounts
    .map(({ Destination, RW }) => ({ at: pathInRoot(root, Destination), RW }))
    .filter(({ at }) => whole === at || whole.startsWith(`${at}/`))
    .sort((a, b) => b.at.length - a.at.length)[0];
  if (mount !== undefined && !mount.RW) throw forbidden('mounted volume is marked read-only');
  if (mount === undefined && record.hostConfig.ReadonlyRootfs === true) {
    throw forbidden('container rootfs is marked read-only');
  }
}

/** The whole file system without its mounts, as a tar stream. */
export function exportTree(room: Room, record: ContainerRecord): PipeReader {
  const rootfs = openRootfs(room, record, { bare: true });
  const stream = packTree({ root: rootfs.root, path: '/' });
  stream.once('close', () => rootfs[Symbol.dispose]());
  announce(room, record, 'export');
  return stream;
}
