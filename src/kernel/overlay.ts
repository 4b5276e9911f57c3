// Overlay filesystems: mounting one of many layers, and the marks in an upper directory (whiteout, opaque).
import { closeSync, mkdtempSync, rmdirSync, type Stats, symlinkSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  fsconfigCreate,
  fsconfigFlag,
  fsconfigString,
  fsmount,
  fsopen,
  lgetxattr,
  lsetxattr,
  mknod,
  mount,
  moveMount,
  S_IF,
} from '#kernel/syscalls.ts';
import { codeOf, invalid } from '#shared/errors.ts';

export interface OverlayRequest {
  /** Absolute directories, the topmost first; at least one. */
  lowers: string[];
  /** With `work` (same filesystem, empty): what is written goes here. Without: the mount is read-only. */
  upper?: string;
  work?: string;
  target: string;
  /** More options of the overlay filesystem, `key=value` or `key`. */
  options?: string[];
}

// With these off the upper directory holds whole files and plain whiteouts: it IS the layer's diff.
const plainDiff = ['redirect_dir=nofollow', 'metacopy=off', 'index=off'];

let hasNewInterface = true;

/** The kernel takes no more (`OVL_MAX_STACK`). */
export const mostLowers = 500;

/** Mounts an overlay at `target`, with paths of any length. Throws `invalid` on more lowers than `mostLowers`. */
export function mountOverlay(request: OverlayRequest): void {
  if (request.lowers.length === 0) throw invalid('an overlay needs at least one lower directory');
  if (request.lowers.length > mostLowers) {
    throw invalid('max depth exceeded', {
      hint: `${request.lowers.length} layers on each other are more than the kernel takes (${mostLowers}).`,
    });
  }
  if (hasNewInterface) {
    try {
      mountByContext(request);
      return;
    } catch (thrown) {
      // EINVAL at the first `lowerdir+` (kernels before 6.5) and ENOSYS (before 5.2): the old call will say more.
      if (!['EINVAL', 'ENOSYS', 'EPERM'].includes(codeOf(thrown) ?? '')) throw thrown;
    }
  }
  mountByData(request);
  hasNewInterface = false;
}

function mountByContext(request: OverlayRequest): void {
  const context = fsopen('overlay');
  try {
    fsconfigString(context, 'source', 'overlay');
    for (const lower of request.lowers) fsconfigString(context, 'lowerdir+', lower);
    if (request.upper !== undefined) fsconfigString(context, 'upperdir', request.upper);
    if (request.work !== undefined) fsconfigString(context, 'workdir', request.work);
    for (const option of overlayOptions(request)) configure(context, option);
    fsconfigCreate(context);
    const detached = fsmount(context);
    try {
      moveMount(detached, request.target);
    } finally {
      closeSync(detached);
    }
  } finally {
    closeSync(context);
  }
}

function configure(context: number, option: string): void {
  const equals = option.indexOf('=');
  if (equals === -1) fsconfigFlag(context, option);
  else fsconfigString(context, option.slice(0, equals), option.slice(equals + 1));
}

// A read-only overlay refuses what concerns the upper directory only.
const overlayOptions = (request: OverlayRequest): string[] => [
  ...(request.upper === undefined ? [] : plainDiff),
  ...(request.options ?? []),
];

const pageBytes = 4096;

// mount(2) takes one page of options: paths that do not fit are reached through short symbolic links.
function mountByData(request: OverlayRequest): void {
  const data = overlayData(request, request.lowers);
  if (Buffer.byteLength(data) < pageBytes) {
    mount('overlay', request.target, 'overlay', 0, data);
    return;
  }
  const links = mkdtempSync(join(tmpdir(), 'l'));
  const short = request.lowers.map((_, index) => join(links, index.toString(36)));
  try {
    for (const [index, lower] of request.lowers.entries())
      symlinkSync(lower, join(links, index.toString(36)));
    mount('overlay', request.target, 'overlay', 0, overlayData(request, short));
  } finally {
    for (const link of short) unlinkSync(link);
    rmdirSync(links);
  }
}

function overlayData(request: OverlayRequest, lowers: string[]): string {
  const words = [`lowerdir=${lowers.map(escapeLower).join(':')}`];
  if (request.upper !== undefined) words.push(`upperdir=${escapeOption(request.upper)}`);
  if (request.work !== undefined) words.push(`workdir=${escapeOption(request.work)}`);
  return [...words, ...overlayOptions(request)].join(',');
}

const escapeOption = (path: string): string => path.replace(/[\\,]/g, '\\$&');
const escapeLower = (path: string): string => path.replace(/[\\,:]/g, '\\$&');

/** Marks `path` in an upper directory as deleted: a character device 0/0. */
export function whiteout(path: string): void {
  mknod(path, S_IF.CHR, 0);
}

/** Whether what lstat(2) said is a whiteout. */
export function isWhiteout(stat: Stats): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0;
}

const opaqueName = 'trusted.overlay.opaque';

/** Marks a directory of an upper directory as hiding everything below it in lower layers. */
export function setOpaque(dir: string): void {
  lsetxattr(dir, opaqueName, Buffer.from('y'));
}

/** Whether a directory of an upper directory hides what lower layers have there. */
export function isOpaque(dir: string): boolean {
  try {
    return lgetxattr(dir, opaqueName).toString() === 'y';
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === 'ENODATA' || code === 'EOPNOTSUPP' || code === 'ENOTSUP') return false;
    throw thrown;
  }
}
