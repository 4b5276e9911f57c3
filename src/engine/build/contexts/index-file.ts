// The index of a context: what a client says that it has, file by file. The contents go apart, by their digests.
import { invalid, messageOf } from '#shared/errors.ts';
import { cleanName } from '#storage/archive/worker/entry-name.ts';
import type { SpooledEntry } from '../spool/orders.ts';

const types = { f: 'file', d: 'directory', l: 'symlink', p: 'fifo' } as const;

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/**
 * JSON: `{ "version": 1, "entries": [[type, name, mode, mtime, size, digest-or-link], …] }`; `type` is one of `f d l p`,
 * `mode` has permission bits, `mtime` is in whole seconds. Throws `invalid`.
 */
export function decodeIndex(bytes: Buffer): SpooledEntry[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw invalid(`the index of a build context is not JSON: ${messageOf(cause)}`);
  }
  if (typeof parsed !== 'object' || parsed === null || !('version' in parsed) || !('entries' in parsed))
    throw invalid('the index of a build context has no entries');
  const { version, entries } = parsed;
  if (version !== 1 || !Array.isArray(entries))
    throw invalid('the index of a build context is of another version');
  return entries.map(decodeEntry);
}

function decodeEntry(entry: unknown): SpooledEntry {
  const [letter, name, mode, mtime, size, last]: unknown[] = Array.isArray(entry) ? entry : [];
  const type = types[letter as keyof typeof types];
  const isWhole = typeof name === 'string' && isCount(mode) && isCount(mtime) && isCount(size);
  if (type === undefined || !isWhole || typeof last !== 'string')
    throw invalid('the index of a build context has an entry that is none');
  const digest = type === 'file' ? last : '';
  if (type === 'file' && !/^[0-9a-f]{64}$/.test(digest))
    throw invalid(`the index of a build context has no digest for ${name}`);
  const link = type === 'symlink' ? last : '';
  const plain = { offset: 0, digest, link, major: 0, minor: 0 };
  return { name: cleanName(name), type, mode: mode & 0o7777, size, mtime, ...plain };
}
