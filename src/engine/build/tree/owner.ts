// `--chown=user:group`: names looked up in the image's own files.
import { readFileSync } from 'node:fs';
import { invalid } from '#shared/errors.ts';
import { resolveInRoot } from './in-root.ts';

export interface Owner {
  uid: number;
  gid: number;
}

function idOf(root: string, file: string, name: string, field = 2): number | undefined {
  if (/^\d{1,10}$/.test(name)) return Number(name);
  let text = '';
  try {
    text = readFileSync(resolveInRoot(root, file), 'utf8');
  } catch {
    return undefined;
  }
  const fields = text.split('\n').map((line) => line.split(':'));
  const id = fields.find(([first]) => first === name)?.[field];
  return id === undefined || !/^\d{1,10}$/.test(id) ? undefined : Number(id);
}

/**
 * The ids of `[user][:[group]]`. Without a group it is the user's own; a number alone is both; without a user it is root.
 * Unknown: `invalid`.
 */
export function resolveOwner(root: string, text: string): Owner {
  const [named = '', given = ''] = text.split(':');
  const user = named || '0';
  const group = given || user;
  const uid = idOf(root, '/etc/passwd', user);
  if (uid === undefined) {
    throw invalid(
      `unable to convert uid/gid chown string to host mapping: can't find uid for user ${user}: no such user: ${user}`,
    );
  }
  const gid = given !== '' ? idOf(root, '/etc/group', group) : idOf(root, '/etc/passwd', user, 3);
  if (gid === undefined) {
    throw invalid(
      `unable to convert uid/gid chown string to host mapping: can't find gid for group ${group}: no such group: ${group}`,
    );
  }
  return { uid, gid };
}
