// Files with holes in tar archives: GNU's own form, and its three forms of pax headers (GNU tar manual, "Sparse Formats").
import { invalid } from '#shared/errors.ts';
import { octal, type RawHeader, untilZero } from './decode.ts';
import { blockBytes, paddingOf, type Run, type TarEntry } from './entry.ts';
import type { ByteSource } from './source.ts';

const maxRuns = 1 << 20;
const mostDigits = 16;

/** The flag of GNU's own form. */
const sparseFlag = 'S';

/**
 * Where the entry is a file with holes, its header has its whole size and what there is of it afterwards; `source`,
 * which stood behind the header, then stands at its first byte. Throws `invalid` for a map that makes no sense.
 */
export function takeSparse(
  source: ByteSource,
  header: RawHeader,
  { block, pax }: { block: Buffer; pax: ReadonlyMap<string, Buffer> | undefined },
): void {
  if (header.flag === sparseFlag) takeOld(source, header, block);
  else if (pax?.get('GNU.sparse.major')?.toString('latin1') === '1') takeNewest(source, header, pax);
  else if (pax?.has('GNU.sparse.map')) takeListed(header, pax);
}

function takeOld(source: ByteSource, header: RawHeader, block: Buffer): void {
  const { name } = header;
  const runs: Run[] = [];
  const add = (bytes: Buffer, start: number, count: number): void => {
    for (let at = start; at < start + 24 * count; at += 24) {
      const run = { at: octal(bytes, at, 12, name), bytes: octal(bytes, at + 12, 12, name) };
      if (run.at !== 0 || run.bytes !== 0) runs.push(run);
    }
    if (runs.length > maxRuns) throw absurd(name);
  };
  const whole = octal(block, 483, 12, name);
  let isMore = block[482] !== 0;
  add(block, 386, 4);
  while (isMore) {
    const next = source.take(blockBytes);
    if (next === undefined) throw invalid('archive is truncated: unexpected end of data');
    isMore = next[504] !== 0;
    add(next, 0, 21);
  }
  become(header, whole, runs);
}

/** Pax, version 0: the map is in the header. */
function takeListed(header: RawHeader, pax: ReadonlyMap<string, Buffer>): void {
  const numbers = textOf(pax, 'GNU.sparse.map').split(',').map(numberOf);
  if (numbers.length > 2 * maxRuns) throw absurd(header.name);
  const runs: Run[] = [];
  for (let index = 0; index < numbers.length; index += 2) {
    runs.push({ at: numbers[index] ?? Number.NaN, bytes: numbers[index + 1] ?? Number.NaN });
  }
  const name = textOf(pax, 'GNU.sparse.name');
  if (name !== '') header.name = name;
  become(header, numberOf(textOf(pax, 'GNU.sparse.size')), runs);
}

/** Pax, version 1: the map is in decimal lines before the content. */
function takeNewest(source: ByteSource, header: RawHeader, pax: ReadonlyMap<string, Buffer>): void {
  const name = textOf(pax, 'GNU.sparse.name');
  if (name !== '') header.name = name;
  const lines = new Lines(source, header.name);
  const count = lines.next();
  if (!(count <= maxRuns)) throw absurd(header.name);
  const runs: Run[] = [];
  for (let index = 0; index < count; index++) runs.push({ at: lines.next(), bytes: lines.next() });
  header.size -= lines.takenBytes;
  become(header, numberOf(textOf(pax, 'GNU.sparse.realsize')), runs);
}

class Lines {
  #source: ByteSource;
  #name: string;
  #text = '';
  takenBytes = 0;

  constructor(source: ByteSource, name: string) {
    this.#source = source;
    this.#name = name;
  }

  next(): number {
    for (;;) {
      const end = this.#text.indexOf('\n');
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        return numberOf(line);
      }
      if (this.#text.length > mostDigits) throw absurd(this.#name);
      const block = this.#source.take(blockBytes);
      if (block === undefined) throw invalid('archive is truncated: unexpected end of data');
      this.#text += block.toString('latin1');
      this.takenBytes += blockBytes;
    }
  }
}

function become(header: RawHeader, whole: number, runs: Run[]): void {
  let end = 0;
  let stored = 0;
  for (const run of runs) {
    if (!(run.at >= end && run.bytes >= 0 && run.at + run.bytes <= whole)) throw absurd(header.name);
    end = run.at + run.bytes;
    stored += run.bytes;
  }
  if (!Number.isSafeInteger(whole) || stored !== header.size) throw absurd(header.name);
  header.size = whole;
  header.runs = runs.filter(({ bytes }) => bytes > 0);
}

const textOf = (pax: ReadonlyMap<string, Buffer>, key: string): string =>
  untilZero(pax.get(key) ?? Buffer.alloc(0));

const numberOf = (text: string): number => (/^\d{1,16}$/.test(text) ? Number(text) : Number.NaN);

const absurd = (name: string): Error =>
  invalid(`entry ${JSON.stringify(name.slice(0, 300))}: its map of holes makes no sense`);

/** How many bytes of the entry the archive has, without padding. */
export function storedBytes({ size, runs }: Pick<TarEntry, 'size' | 'runs'>): number {
  return runs === undefined ? size : runs.reduce((sum, { bytes }) => sum + bytes, 0);
}

const zeros = Buffer.alloc(1 << 16);
// Some lines of an archive may say that a file has more than any disk.
const maxZeros = 2 ** 36;

/**
 * Hands the entry's content to `sink` and leaves `source` behind its padding. A hole is given to `skip` with its length,
 * or where there is none, as zeros.
 */
export function eachContent(
  source: ByteSource,
  entry: Pick<TarEntry, 'size' | 'runs'>,
  sink: (piece: Buffer) => void,
  skip: (bytes: number) => void = (bytes) => eachZeros(bytes, sink),
): void {
  let at = 0;
  for (const run of entry.runs ?? [{ at: 0, bytes: entry.size }]) {
    if (run.at > at) skip(run.at - at);
    source.each(run.bytes, sink);
    at = run.at + run.bytes;
  }
  if (entry.size > at) skip(entry.size - at);
  source.each(paddingOf(storedBytes(entry)));
}

/** Hands `bytes` zeros to `sink`, in pieces. Throws `invalid` for more than anybody would write. */
export function eachZeros(bytes: number, sink: (piece: Buffer) => void): void {
  if (bytes > maxZeros) throw invalid(`a hole of ${bytes} bytes is too long here`);
  for (let left = bytes; left > 0; left -= zeros.length)
    sink(zeros.subarray(0, Math.min(left, zeros.length)));
}

/** A file's name and first bytes in pax, version 1: its records, and the map that stands before the content. */
export function sparseHeader(
  name: string,
  size: number,
  runs: readonly Run[],
): { name: string; records: Map<string, string>; map: Buffer } {
  // GNU tar ends the list by a run without bytes where a hole is last.
  const last = runs.at(-1);
  const ended =
    (last === undefined ? 0 : last.at + last.bytes) < size ? [...runs, { at: size, bytes: 0 }] : runs;
  const lines = [ended.length, ...ended.flatMap((run) => [run.at, run.bytes])].join('\n');
  const text = Buffer.from(`${lines}\n`);
  const slash = name.lastIndexOf('/') + 1;
  return {
    name: `${name.slice(0, slash)}GNUSparseFile.0/${name.slice(slash)}`,
    records: new Map([
      ['GNU.sparse.major', '1'],
      ['GNU.sparse.minor', '0'],
      ['GNU.sparse.name', name],
      ['GNU.sparse.realsize', String(size)],
    ]),
    map: Buffer.concat([text, Buffer.alloc(paddingOf(text.length))]),
  };
}
