// Giving back what an idle process has mapped of its own program: the pages stay in the page cache, at hand.
import { readFileSync, realpathSync } from 'node:fs';
import { bind } from '#kernel/libc.ts';

/** madvise(2): the pages go from this process; the next access reads them from the file again. */
const dontNeed = 4;
const madvise = bind('madvise', 'int', ['uintptr_t', 'size_t', 'int']);

export interface Mapping {
  startAddress: bigint;
  bytes: number;
  permissions: string;
  path: string;
  residentBytes: number;
  /** Bytes that are this process's own and in no file: never to be thrown away. */
  anonymousBytes: number;
}

/**
 * Afterwards the program's code and constants take no memory of this process until they are used again; then each
 * costs a minor fault. Only mappings that no byte was ever written to are touched. Returns the bytes given back.
 */
export function releaseCodePages(): number {
  const program = realpathSync(process.execPath);
  const clean = parseMappings(readFileSync('/proc/self/smaps', 'utf8')).filter(
    (mapping) =>
      mapping.path === program && !mapping.permissions.includes('w') && mapping.anonymousBytes === 0,
  );
  for (const { startAddress, bytes } of clean) madvise(startAddress, bytes, dontNeed);
  return clean.reduce((sum, { residentBytes }) => sum + residentBytes, 0);
}

/** The mappings of a process as proc(5) lists them in `smaps`. */
export function parseMappings(text: string): Mapping[] {
  const heads = text.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m).filter((part) => part.trim() !== '');
  return heads.map((part) => {
    const [, start = '0', end = '0', permissions = '', path = ''] =
      /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)$/m.exec(part) ?? [];
    const startAddress = BigInt(`0x${start}`);
    return {
      startAddress,
      bytes: Number(BigInt(`0x${end}`) - startAddress),
      permissions,
      path,
      residentBytes: kilobytesOf(part, 'Rss'),
      anonymousBytes: kilobytesOf(part, 'Anonymous'),
    };
  });
}

function kilobytesOf(part: string, field: string): number {
  return Number(new RegExp(`^${field}: +(\\d+) kB$`, 'm').exec(part)?.[1] ?? 0) * 1024;
}
