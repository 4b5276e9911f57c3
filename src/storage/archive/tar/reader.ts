// Tar archives, read entry by entry from a byte source.
import { invalid } from '#shared/errors.ts';
import {
  applyPax,
  decodeHeader,
  decodePax,
  entryTypeOf,
  isZeroBlock,
  type RawHeader,
  untilZero,
} from './decode.ts';
import { blockBytes, paddingOf, type TarEntry } from './entry.ts';
import type { ByteSource } from './source.ts';
import { storedBytes, takeSparse } from './sparse.ts';

// What others take too; real ones are below 64 KiB.
const maxMetaBytes = 1 << 20;

interface Meta {
  pax: Map<string, Buffer> | undefined;
  longName: string | undefined;
  longLink: string | undefined;
}

/** Yields entries; each one's content must be taken from `source` before the next: by `eachContent` or `skipContent`. */
export function* readEntries(source: ByteSource): Generator<TarEntry> {
  let meta: Meta = { pax: undefined, longName: undefined, longLink: undefined };
  for (;;) {
    const block = source.take(blockBytes);
    if (block === undefined || isZeroBlock(block)) return;
    const header = decodeHeader(block);
    if (takeMeta(source, header, meta)) continue;
    applyMeta(header, meta);
    assertKnown(header);
    takeSparse(source, header, { block, pax: meta.pax });
    meta = { pax: undefined, longName: undefined, longLink: undefined };
    yield normal(header);
  }
}

/** Skips an entry's content with its padding. */
export function skipContent(source: ByteSource, entry: TarEntry): void {
  const bytes = storedBytes(entry);
  source.each(bytes + paddingOf(bytes));
}

function takeMeta(source: ByteSource, header: RawHeader, meta: Meta): boolean {
  if (!['x', 'X', 'g', 'L', 'K'].includes(header.flag)) return false;
  if (header.size < 0 || header.size > maxMetaBytes) {
    throw invalid(
      `invalid tar header: ${header.size} bytes of extended header, at most ${maxMetaBytes} are taken`,
    );
  }
  const bytes = Buffer.from(source.take(header.size) ?? Buffer.alloc(0));
  if (bytes.length !== header.size) throw invalid('archive is truncated: unexpected end of data');
  source.each(paddingOf(header.size));
  if (header.flag === 'L') meta.longName = untilZero(bytes);
  else if (header.flag === 'K') meta.longLink = untilZero(bytes);
  else if (header.flag !== 'g') meta.pax = decodePax(bytes);
  return true;
}

function applyMeta(header: RawHeader, meta: Meta): void {
  if (meta.longName !== undefined) header.name = meta.longName;
  if (meta.longLink !== undefined) header.linkName = meta.longLink;
  if (meta.pax !== undefined) applyPax(header, meta.pax);
}

function assertKnown(header: RawHeader): void {
  const name = JSON.stringify(header.name.slice(0, 300));
  if (entryTypeOf(header.flag) === undefined) {
    throw invalid(`entry ${name}: unknown tar entry type ${JSON.stringify(header.flag)}`);
  }
  const numbers = [header.size, header.uid, header.gid, header.major, header.minor];
  if (!numbers.every((value) => Number.isSafeInteger(value) && value >= 0)) {
    throw invalid(`entry ${name}: negative or fractional number in its header`);
  }
  if (header.name.includes('\0') || header.linkName.includes('\0')) {
    throw invalid(`entry ${name}: zero byte in its name`);
  }
}

// Before POSIX a directory was a file whose name ends in a slash; and links carry no content, whatever they say.
function normal(header: RawHeader): TarEntry {
  if (header.type === 'file' && header.name.endsWith('/') && header.size === 0) header.type = 'directory';
  if (header.type !== 'file') header.size = 0;
  return header;
}
