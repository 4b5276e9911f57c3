// Users and passwords: lines of an htpasswd file with {SHA} or our own scrypt hashes, checked without telling who exists.
import { createHash, createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { codeOf, invalid } from '#shared/errors.ts';
import { KeyedLock } from '#shared/lock.ts';

/**
 * `$scrypt$<salt>$<hash>`, both base64url. The cost is fixed (N 16384, r 8, p 1: 16 MiB and some 40 ms), so that every
 * check takes the same time.
 */
const cost = { N: 16_384, r: 8, p: 1 };
const hashBytes = 32;
const keptMs = 5 * 60 * 1000;
const maxKept = 1000;
const longestPassword = 1024;

/** Hash of a password for the users' file. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt);
  return `$scrypt$${salt.toString('base64url')}$${hash.toString('base64url')}`;
}

/** `user:hash` lines; empty lines and comments are passed over. Throws `invalid` on a hash of another kind. */
export function parseUsers(text: string): Map<string, string> {
  const users = new Map<string, string>();
  for (const [index, line] of text.split('\n').entries()) {
    const entry = line.trim();
    if (entry === '' || entry.startsWith('#')) continue;
    const colon = entry.indexOf(':');
    const hash = entry.slice(colon + 1);
    if (colon <= 0 || !/^(?:\{SHA\}[A-Za-z0-9+/]{27}=|\$scrypt\$[\w-]{22}\$[\w-]{43})$/.test(hash)) {
      throw invalid(`users file, line ${index + 1}: not a user with a {SHA} or scrypt hash`, {
        hint: 'bcrypt and MD5 lines of other programs are not supported: set these passwords again with `hub user add`',
      });
    }
    users.set(entry.slice(0, colon), hash);
  }
  return users;
}

/** The users of one file, read again whenever it changes. */
export class Passwords {
  #file: string;
  #read: { changed: string; users: Map<string, string> } | undefined;
  #key = randomBytes(32);
  #known = new Map<string, number>();
  #lock = new KeyedLock();
  #nobody = `$scrypt$${randomBytes(16).toString('base64url')}$${randomBytes(hashBytes).toString('base64url')}`;

  constructor(file: string) {
    this.#file = file;
    this.#users();
  }

  /** True where the password is the user's. Unknown users and wrong passwords cost the same. */
  async check(user: string, password: string): Promise<boolean> {
    const hash = this.#users().get(user);
    if (password.length > longestPassword) return false;
    const key = createHmac('sha256', this.#key)
      .update(JSON.stringify([user, password, hash ?? '']))
      .digest('base64');
    if (hash !== undefined && (this.#known.get(key) ?? 0) > Date.now()) return true;
    // One at a time: a flood of guesses must not take the threads that read and write blobs.
    const right = await this.#lock.run('scrypt', () => matches(password, hash ?? this.#nobody));
    if (!right || hash === undefined) return false;
    if (this.#known.size >= maxKept) this.#known.clear();
    this.#known.set(key, Date.now() + keptMs);
    return true;
  }

  #users(): Map<string, string> {
    const stat = statSync(this.#file, { throwIfNoEntry: false });
    const changed = `${stat?.mtimeMs} ${stat?.size} ${stat?.ino}`;
    if (this.#read?.changed === changed) return this.#read.users;
    const users = parseUsers(readUsersFile(this.#file));
    this.#read = { changed, users };
    return users;
  }
}

/** The file's text; throws `invalid` where there is none. */
export function readUsersFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw cause;
    throw invalid(`users file ${file} does not exist`, { cause, hint: 'make it with `hub user add`' });
  }
}

async function matches(password: string, hash: string): Promise<boolean> {
  const [, , salt = '', wanted = ''] = hash.split('$');
  const sha = hash.startsWith('{SHA}');
  // A {SHA} hash is checked in no time: scrypt runs all the same, or its users could be told by the clock.
  const derived = await derive(password, Buffer.from(sha ? '' : salt, 'base64url'));
  if (!sha) return isSame(derived, Buffer.from(wanted, 'base64url'));
  const digest = createHash('sha1').update(password).digest();
  return isSame(digest, Buffer.from(hash.slice('{SHA}'.length), 'base64'));
}

function isSame(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, hashBytes, cost, (thrown, key) => (thrown ? reject(thrown) : resolve(key)));
  });
}
