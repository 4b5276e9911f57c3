// Where a Hub is, unless told: its folder, and the users' file in it.
import { join, resolve } from 'node:path';
import { text } from '#cli/grammar/flags.ts';

const defaultRoot = '/var/lib/wharf-hub';

/** The flag that every command of the Hub has. */
export const rootFlag = text(`The Hub's folder (${defaultRoot})`, 'DIR');

export const rootOf = (given: string | undefined): string => resolve(given ?? defaultRoot);

/** The users' file that `wharf hub user` changes where it is told of none. */
export const usersFileOf = (root: string, given: string | undefined): string =>
  given === undefined ? join(root, 'htpasswd') : resolve(given);
