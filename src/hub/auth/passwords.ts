// Users and passwords: lines of an htpasswd file with bcrypt, {SHA} or our own scrypt hashes, checked without telling who exists.
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
/** `$2y$10$`. */
const bcryptHead = 7;

/** Hash of a password as crypt(3) makes it; undefined for a method it does not know. The Hub itself calls no libc. */
export type Crypt = (password: string, setting: string) => Promise<string | undefined>;

const hashPattern =
  /^(?:\{SHA\}[A-Za-z0-9+/]{27}=|\$scrypt\$[\w-]{22}\$[\w-]{43}|\$2[aby]\$(?:0[4-9]|1[0-4])\$[./A-Za-z0-9]{53})$/;

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
    if (colon <= 0 || !hashPattern.test(hash)) {
      throw invalid(`users file, line ${index + 1}: not a user with a bcrypt, {SHA} or scrypt hash`, {
        hint: 'MD5 lines, and bcrypt costs above 14, are not supported: set these passwords again with `hub user add`',
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
  #crypt: Crypt | undefined;

  constructor(file: string, crypt?: Crypt) {
    this.#file = file;
    this.#crypt = crypt;
    this.#users();
  }

  /** True where the password is the user's. Unknown users and wrong passwords cost the same. */
  async check(user: string, password: string): Promise<boolean> {
    const hash = this.#users().get(user);
    // crypt(3) reads to the first NUL.
    if (password.length > longestPassword || password.includes('\0')) return false;
    const key = createHmac('sha256', this.#key)
      .update(JSON.stringify([user, password, hash ?? '']))
      .digest('base64');
    if (hash !== undefined && (this.#known.get(key) ?? 0) > Date.now()) return true;
    // One at a time: a flood of guesses must not take the threads that read and write blobs.
    const right = await this.#lock.run('check', () => this.#matches(password, hash));
    if (!right) return false;
    if (this.#known.size >= maxKept) this.#known.clear();
    this.#known.set(key, Date.now() + keptMs);
    return true;
  }

  /** Does the work of every kind of hash in the file, or its users could be told by the clock. */
  async #matches(password: string, hash: string | undefined): Promise<boolean> {
    let right = false;
    const [, , salt = '', wanted = ''] = hash?.startsWith('$scrypt$') ? hash.split('$') : [];
    const derived = await derive(password, Buffer.from(salt, 'base64url'));
    if (wanted !== '') right = isSame(derived, Buffer.from(wanted, 'base64url'));
    for (const setting of this.#bcryptCosts()) {
      const own = hash?.startsWith(setting.slice(0, bcryptHead)) === true;
      const found = await this.#crypt?.(password, own ? hash : setting);
      if (own && found !== undefined) right = isSame(Buffer.from(found), Buffer.from(hash));
    }
    if (hash?.startsWith('{SHA}')) {
      const digest = createHash('sha1').update(password).digest();
      right = isSame(digest, Buffer.from(hash.slice('{SHA}'.length), 'base64'));
    }
    return right;
  }

  /** A setting of each kind and cost of bcrypt in the file. */
  #bcryptCosts(): string[] {
    const heads = [...this.#users().values()].filter((hash) => hash.startsWith('$2'));
    const kinds = new Set(heads.map((hash) => hash.slice(0, bcryptHead)));
    return [...kinds].map((kind) => `${kind}${'.'.repeat(22)}`);
  }

  #users(): Map<string, string> {
    const stat = statSync(this.#file, { throwIfNoEntry: false });
    const changed = `${stat?.mtimeMs} ${stat?.size} ${stat?.ino}`;
    if (this.#read?.changed === changed) return this.#read.users;
    const users = parseUsers(readUsersFile(this.#file));
    if (this.#crypt === undefined && [...users.values()].some((hash) => hash.startsWith('$2')))
      throw invalid('users file: bcrypt hashes cannot be checked here');
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

function isSame(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, hashBytes, cost, (thrown, key) => (thrown ? reject(thrown) : resolve(key)));
  });
}
