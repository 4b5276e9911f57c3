// The `user[:group]` text of `--user` and `USER`.
import { invalid } from '#shared/errors.ts';

export interface UserText {
  /** A name or a number; empty where only a group was written. */
  user: string;
  /** A name or a number; absent means the user's own. */
  group?: string;
}

/** The parts of `1000:1000`, `www-data` or `:adm`. Throws `invalid`. */
export function parseUser(text: string): UserText {
  const parts = text.split(':');
  const [user = '', group] = parts;
  if (parts.length > 2 || /[\s/\0]/.test(text))
    throw invalid(`invalid user: ${JSON.stringify(text.slice(0, 100))}`);
  return group === undefined || group === '' ? { user } : { user, group };
}

export function formatUser({ user, group }: UserText): string {
  return group === undefined ? user : `${user}:${group}`;
}
