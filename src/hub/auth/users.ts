// `hub user add` and `hub user rm`: changes of the users' file that a running Hub sees at its next question.
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { invalid, notFound } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { hashPassword, parseUsers, readUsersFile } from './passwords.ts';

const userPattern = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/;

/** The user is in the file with this password; one of the same name is replaced. Throws `invalid`. */
export async function addUser(file: string, user: string, password: string): Promise<void> {
  if (!userPattern.test(user)) throw invalid(`invalid user name: ${JSON.stringify(user.slice(0, 100))}`);
  if (password === '' || password.length > 1024) throw invalid('a password has 1 to 1024 characters');
  const hash = await hashPassword(password);
  const users = existsSync(file) ? parseUsers(readUsersFile(file)) : new Map<string, string>();
  write(file, users.set(user, hash));
}

/** The user is no longer in the file. Throws `not-found`. */
export function removeUser(file: string, user: string): void {
  const users = parseUsers(readUsersFile(file));
  if (!users.delete(user)) throw notFound(`no such user: ${user}`);
  write(file, users);
}

/** Names, in the file's order. */
export function listUsers(file: string): string[] {
  return [...parseUsers(readUsersFile(file)).keys()];
}

function write(file: string, users: Map<string, string>): void {
  makeFolders(mkdirSync, dirname(file), 0o700);
  const temporary = `${file}.new`;
  const lines = [...users].map(([user, hash]) => `${user}:${hash}\n`);
  writeFileSync(temporary, lines.join(''), { mode: 0o600 });
  renameSync(temporary, file);
}
