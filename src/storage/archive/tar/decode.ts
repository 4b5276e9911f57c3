// Tar headers, decoded: ustar, pax and GNU long names (POSIX.1-2001 pax, GNU tar manual "Basic Tar Format").
import { invalid } from '#shared/errors.ts';
import { type EntryType, type TarEntry, typeFlags, xattrPrefix } from './entry.ts';

export interface RawHeader extends TarEntry {
  /** The type character as written: also `x`, `g`, `L`, `K`. */
  flag: string;
}

const typeOfFlag = new Map<string, EntryType>([
  ...Object.entries(typeFlags).map(([type, flag]): [string, EntryType] => [flag, type as EntryType]),
  ['\0', 'file'],
  ['7', 'file'],
  ['S', 'file'],
]);

/** The type of an entry by its flag; undefined where we do not know it. */
export function entryTypeOf(flag: string): EntryType | undefined {
  return typeOfFlag.get(flag);
}

/** True for a block of zeros, which ends an archive. */
export function isZeroBlock(block: Buffer): boolean {
  if (block[0] !== 0) return false;
  return block.every((byte) => byte === 0);
}

/** Decodes one 512-byte header. Throws `invalid` where its checksum or a number is wrong. */
export function decodeHeader(block: Buffer): RawHeader {
  const name = text(block, 0, 100);
  if (octal(block, 148, 8, name) !== checksumOf(block)) {
    throw invalid(`invalid tar header: wrong checksum${name === '' ? '' : ` at ${JSON.stringify(name)}`}`);
  }
  const flag = String.fromCharCode(block[156] ?? 0);
  const isPosix = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isPosix ? text(block, 345, 155) : '';
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    flag,
    type: entryTypeOf(flag) ?? 'file',
    mode: octal(block, 100, 8, name) & 0o7777,
    uid: octal(block, 108, 8, name),
    gid: octal(block, 116, 8, name),
    size: octal(block, 124, 12, name),
    mtime: octal(block, 136, 12, name),
    linkName: text(block, 157, 100),
    major: octal(block, 329, 8, name),
    minor: octal(block, 337, 8, name),
    xattrs: undefined,
  };
}

/** The sum of a header's bytes, its checksum field taken as spaces. */
export function checksumOf(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let index = 0; index < 512; index++) {
    if (index < 148 || index >= 156) sum += block[index] ?? 0;
  }
  return sum;
}

function text(block: Buffer, start: number, length: number): string {
  const zero = block.indexOf(0, start);
  const end = zero === -1 || zero > start + length ? start + length : zero;
  return block.toString('utf8', start, end);
}

/** The number in a field of a header, octal or GNU's base 256; `name` is for the message. */
export function octal(block: Buffer, start: number, length: number, name: string): number {
  const first = block[start] ?? 0;
  if (first & 0x80) return base256(block, start, length, name);
  const [written = ''] = block.toString('latin1', start, start + length).split('\0');
  const digits = written.trim();
  if (digits === '') return 0;
  if (!/^[0-7]+$/.test(digits)) throw invalid(`invalid tar header: bad number at ${JSON.stringify(name)}`);
  return Number.parseInt(digits, 8);
}

// GNU's way to write what does not fit: big-endian two's complement, the top bit set.
function base256(block: Buffer, start: number, length: number, name: string): number {
  const negative = ((block[start] ?? 0) & 0x40) !== 0;
  let value = negative ? (block[start] ?? 0) - 0x100 : (block[start] ?? 0) & 0x7f;
  for (let index = start + 1; index < start + length; index++) value = value * 256 + (block[index] ?? 0);
  if (!Number.isSafeInteger(value))
    throw invalid(`invalid tar header: bad number at ${JSON.stringify(name)}`);
  return value;
}

/** The records of a pax header: `<length> <key>=<value>\n` each. */
export function decodePax(bytes: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  const mapped: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString('latin1', at, space));
    const equals = bytes.indexOf(0x3d, space);
    const end = at + length;
    if (space < 0 || equals < 0 || !Number.isSafeInteger(length) || end > bytes.length || end <= equals) {
      throw invalid('invalid tar header: bad pax record');
    }
    const value = Buffer.from(bytes.subarray(equals + 1, end - 1));
    const key = bytes.toString('utf8', space + 1, equals);
    // The one kind of records that come many times: all of them are the map of one file.
    if (/^GNU\.sparse\.(?:offset|numbytes)$/.test(key)) mapped.push(value.toString('latin1'));
    else records.set(key, value);
    at = end;
  }
  if (mapped.length > 0) records.set('GNU.sparse.map', Buffer.from(mapped.join()));
  return records;
}

/** The text before the first zero. */
export function untilZero(bytes: Buffer): string {
  const zero = bytes.indexOf(0);
  return bytes.toString('utf8', 0, zero === -1 ? bytes.length : zero);
}

/** Puts what a pax header says over what the plain header says. */
export function applyPax(header: RawHeader, pax: ReadonlyMap<string, Buffer>): void {
  for (const [key, value] of pax) {
    if (key === 'path') header.name = value.toString('utf8');
    else if (key === 'linkpath') header.linkName = value.toString('utf8');
    else if (key === 'size') header.size = paxNumber(header, value);
    else if (key === 'uid') header.uid = paxNumber(header, value);
    else if (key === 'gid') header.gid = paxNumber(header, value);
    else if (key === 'mtime') header.mtime = paxNumber(header, value);
    else if (key.startsWith(xattrPrefix)) {
      header.xattrs ??= new Map();
      header.xattrs.set(key.slice(xattrPrefix.length), value);
    }
  }
}

function paxNumber(header: RawHeader, value: Buffer): number {
  const number = Number(value.toString('latin1'));
  if (value.length === 0 || !Number.isFinite(number)) {
    throw invalid(`invalid tar header: bad pax number at ${JSON.stringify(header.name)}`);
  }
  return number;
}
