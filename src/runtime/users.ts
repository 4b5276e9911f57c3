// Who a container's process runs as: names looked up in the image's own files, which are not trusted.
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs';
import { pathInRoot } from '#kernel/root-path.ts';
import { invalid, isKind } from '#shared/errors.ts';

export interface ResolvedUser {
  uid: number;
  gid: number;
  /**
   * `gid`, then further groups, without duplicates. The group itself is among them so that a setgid program cannot drop it
   * to get around rights that it is denied (CVE-2022-36109).
   */
  gids: number[];
  /** Home folder as the image's passwd says; `/` where it says nothing. */
  home: string;
}

const largestId = 2 ** 31 - 1;
const largestFileBytes = 4 * 1024 * 1024;

/**
 * The host path of a path inside a root, all links followed as from within: none leads out of the root.
 * Undefined: nothing is there.
 */
export function resolveInRoot(root: string, path: string): string | undefined {
  try {
    const found = pathInRoot(root, path);
    return lstatSync(found, { throwIfNoEntry: false }) === undefined ? undefined : found;
  } catch (thrown) {
    // Links without end lead nowhere.
    if (isKind(thrown, 'invalid')) return undefined;
    throw thrown;
  }
}

/** Lines of a small text file of the image, split at colons; none where it is no plain file. */
function readTable(root: string, path: string): string[][] {
  const found = resolveInRoot(root, path);
  if (found === undefined) return [];
  // O_NONBLOCK: a fifo must not hold the engine.
  const descriptor = openSync(found, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile() || stat.size > largestFileBytes) return [];
    const lines = readFileSync(descriptor, 'utf8').split('\n');
    return lines
      .filter((line) => line.trim() !== '' && !line.startsWith('#'))
      .map((line) => line.trim().split(':'));
  } finally {
    closeSync(descriptor);
  }
}

const idPattern = /^\d+$/;

function numericId(text: string): number | undefined {
  if (!idPattern.test(text)) return undefined;
  const id = Number(text);
  if (id > largestId) throw invalid('uids and gids must be in range 0-2147483647');
  return id;
}

function groupId(groups: string[][], text: string): number {
  const id = groups.find((row) => row[0] === text)?.[2];
  const gid = id === undefined ? numericId(text) : Number(id);
  if (gid === undefined) throw invalid(`unable to find group ${text}: no matching entries in group file`);
  return gid;
}

/**
 * `Config.User` in numbers: `''`, `name`, `uid`, `name:group`, `uid:gid`. A name that the image does not have
 * is `invalid`; a number need not be known to it. `groupAdd` are further groups by name or number.
 */
export function resolveUser(root: string, text: string, groupAdd: readonly string[] = []): ResolvedUser {
  const [userText = '', groupText = ''] = text.split(':');
  const passwd = readTable(root, 'etc/passwd');
  const wanted = userText === '' ? '0' : userText;
  const row = passwd.find((fields) => fields[0] === wanted) ?? passwd.find((fields) => fields[2] === wanted);
  const uid = row === undefined ? numericId(wanted) : Number(row[2]);
  if (uid === undefined) throw invalid(`unable to find user ${userText}: no matching entries in passwd file`);
  const groups =
    groupText !== '' || groupAdd.length > 0 || row !== undefined ? readTable(root, 'etc/group') : [];
  const gid = groupText === '' ? Number(row?.[3] ?? 0) : groupId(groups, groupText);
  const name = row?.[0];
  // As Docker: an explicit group takes the place of the user's further groups.
  const member =
    name === undefined || groupText !== ''
      ? []
      : groups.filter((fields) => fields[3]?.split(',').includes(name)).map((fields) => Number(fields[2]));
  const gids = [...new Set([gid, ...member, ...groupAdd.map((group) => groupId(groups, group))])];
  return { uid, gid, gids, home: row?.[5] || '/' };
}
