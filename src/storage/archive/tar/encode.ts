// Tar headers, encoded: ustar, with a pax header before it only where ustar has no room.

import { checksumOf } from './decode.ts';
import { blockBytes, paddingOf, type Run, type TarEntry, typeFlags, xattrPrefix } from './entry.ts';
import { sparseHeader, storedBytes } from './sparse.ts';

const maxSize = 0o77777777777;
const maxId = 0o7777777;

/** What stands before an entry's content, its map of holes too: the same entry gives the same bytes, always. */
export function encodeHeader(entry: TarEntry): Buffer {
  if (entry.runs !== undefined) return encodeSparse(entry, entry.runs);
  return encodePlain(entry, []);
}

function encodeSparse({ runs: _, ...entry }: TarEntry, runs: readonly Run[]): Buffer {
  const { name, records, map } = sparseHeader(entry.name, entry.size, runs);
  const more = [...records].map(([key, value]) => paxRecord(key, Buffer.from(value)));
  const size = map.length + storedBytes({ size: entry.size, runs });
  return Buffer.concat([encodePlain({ ...entry, name, size }, more), map]);
}

function encodePlain(entry: TarEntry, more: Buffer[]): Buffer {
  const pax = [...paxRecords(entry), ...more];
  const plain = ustar(entry, typeFlags[entry.type]);
  if (pax.length === 0) return plain;
  const body = Buffer.concat(pax);
  const carrier: TarEntry = {
    ...entry,
    name: 'PaxHeaders.0/entry',
    linkName: '',
    size: body.length,
    mtime: 0,
  };
  return Buffer.concat([
    ustar({ ...carrier, mode: 0o644, uid: 0, gid: 0 }, 'x'),
    body,
    Buffer.alloc(paddingOf(body.length)),
    plain,
  ]);
}

/** The two zero blocks at the end of an archive. */
export const endOfArchive: Buffer = Buffer.alloc(2 * blockBytes);

function ustar(entry: TarEntry, flag: string): Buffer {
  const block = Buffer.alloc(blockBytes);
  block.write(fit(entry.name), 0, 100, 'utf8');
  octal(block, { at: 100, width: 8 }, entry.mode);
  octal(block, { at: 108, width: 8 }, entry.uid > maxId ? 0 : entry.uid);
  octal(block, { at: 116, width: 8 }, entry.gid > maxId ? 0 : entry.gid);
  octal(block, { at: 124, width: 12 }, entry.size > maxSize ? 0 : entry.size);
  octal(block, { at: 136, width: 12 }, plainTime(entry.mtime) ? Math.floor(entry.mtime) : 0);
  block.write(flag, 156, 1, 'latin1');
  block.write(fit(entry.linkName), 157, 100, 'utf8');
  block.write('ustar\x0000', 257, 8, 'latin1');
  octal(block, { at: 329, width: 8 }, entry.major);
  octal(block, { at: 337, width: 8 }, entry.minor);
  block.write(`${checksumOf(block).toString(8).padStart(6, '0')}\0 `, 148, 8, 'latin1');
  return block;
}

const plainTime = (mtime: number): boolean => mtime >= 0 && mtime <= maxSize;
const isPlain = (name: string): boolean => name.length <= 100 && /^[\x20-\x7e]*$/.test(name);

// The pax header has the whole name; this one is for readers that do not know pax.
function fit(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '_').slice(0, 100);
}

function octal(block: Buffer, field: { at: number; width: number }, value: number): void {
  block.write(`${value.toString(8).padStart(field.width - 1, '0')}\0`, field.at, field.width, 'latin1');
}

function paxRecords(entry: TarEntry): Buffer[] {
  const records: Buffer[] = [];
  const add = (key: string, value: string | Buffer): void => {
    records.push(paxRecord(key, Buffer.from(value)));
  };
  if (!isPlain(entry.name)) add('path', entry.name);
  if (!isPlain(entry.linkName)) add('linkpath', entry.linkName);
  if (entry.size > maxSize) add('size', String(entry.size));
  if (entry.uid > maxId) add('uid', String(entry.uid));
  if (entry.gid > maxId) add('gid', String(entry.gid));
  if (!plainTime(entry.mtime)) add('mtime', String(Math.floor(entry.mtime)));
  const xattrs = [...(entry.xattrs ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, value] of xattrs) add(xattrPrefix + name, value);
  return records;
}

// The length counts its own digits.
function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.byteLength(key) + value.length + 3;
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return Buffer.concat([Buffer.from(`${length} ${key}=`), value, Buffer.from('\n')]);
}
