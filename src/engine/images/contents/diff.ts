// What one image has that another has not.
import { open } from 'node:fs/promises';
import { typeOf } from '#engine/file-facts.ts';
import type { ImageDifference } from '#shared/contract/image.ts';
import type { MergedFile } from '#storage/snapshots/merged-tree.ts';
import { filesOf } from './files.ts';
import type { ContentsRoom } from './layers.ts';

/** From the first image to the second, ordered by path; times alone are no difference. Throws `not-found`. */
export async function diffImages(room: ContentsRoom, from: string, to: string): Promise<ImageDifference[]> {
  const before = filesOf(room, from);
  const after = filesOf(room, to);
  const differences: ImageDifference[] = [];
  let one = await next(before);
  let other = await next(after);
  while (one !== undefined || other !== undefined) {
    const order = compare(one, other);
    if (order === 0 && one !== undefined && other !== undefined) {
      const what = await changesOf(one, other);
      if (what.length > 0) differences.push(changed(one, other, what));
    } else if (order < 0 && one !== undefined) {
      differences.push({ Path: one.path, Kind: 'removed', ...sized('SizeBefore', one) });
    } else if (other !== undefined) {
      differences.push({ Path: other.path, Kind: 'added', ...sized('SizeAfter', other) });
    }
    if (order <= 0) one = await next(before);
    if (order >= 0) other = await next(after);
  }
  return differences;
}

async function next(files: AsyncGenerator<MergedFile>): Promise<MergedFile | undefined> {
  const step = await files.next();
  return step.done ? undefined : step.value;
}

/** Both come in the order of a walk: folder by folder, names within one ordered. */
function compare(one: MergedFile | undefined, other: MergedFile | undefined): number {
  if (one === undefined || other === undefined) return one === undefined ? 1 : -1;
  const [a, b] = [one.path.split('/'), other.path.split('/')];
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const [left = '', right = ''] = [a[at], b[at]];
    if (left !== right) return left < right ? -1 : 1;
  }
  return a.length - b.length;
}

const sized = (key: 'SizeBefore' | 'SizeAfter', { stat }: MergedFile) =>
  stat.isFile() ? { [key]: stat.size } : {};

const changed = (one: MergedFile, other: MergedFile, What: string[]): ImageDifference => ({
  Path: other.path,
  Kind: 'changed',
  What,
  ...sized('SizeBefore', one),
  ...sized('SizeAfter', other),
});

async function changesOf(one: MergedFile, other: MergedFile): Promise<string[]> {
  // The same layer gives both.
  if (one.source === other.source) return [];
  if (typeOf(one.stat) !== typeOf(other.stat)) return ['type'];
  const what: string[] = [];
  if (one.stat.isFile() && !(await haveSameContent(one, other))) what.push('content');
  if (one.linkTarget !== other.linkTarget) what.push('target');
  if (one.stat.rdev !== other.stat.rdev) what.push('device');
  if (!one.stat.isSymbolicLink() && (one.stat.mode & 0o7777) !== (other.stat.mode & 0o7777))
    what.push('mode');
  if (one.stat.uid !== other.stat.uid || one.stat.gid !== other.stat.gid) what.push('owner');
  return what;
}

const pieceBytes = 256 * 1024;

async function haveSameContent(one: MergedFile, other: MergedFile): Promise<boolean> {
  if (one.stat.size !== other.stat.size) return false;
  await using left = await open(one.source, 'r');
  await using right = await open(other.source, 'r');
  const [a, b] = [Buffer.allocUnsafe(pieceBytes), Buffer.allocUnsafe(pieceBytes)];
  for (let at = 0; at < one.stat.size; at += pieceBytes) {
    const [first, second] = await Promise.all([
      left.read(a, 0, pieceBytes, at),
      right.read(b, 0, pieceBytes, at),
    ]);
    if (!a.subarray(0, first.bytesRead).equals(b.subarray(0, second.bytesRead))) return false;
  }
  return true;
}
