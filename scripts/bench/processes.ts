// What the bench reads of running processes: their family, their program, their memory.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

export interface Observed {
  pid: number;
  parent: number;
  /** The words of its command line with spaces between. */
  command: string;
}

/** Proportional set size of a process, in bytes. */
export function pssBytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
}

/** Processes whose command line names `word`. */
export function processesNaming(word: string): number[] {
  return observeProcesses()
    .filter(({ command }) => command.includes(word))
    .map(({ pid }) => pid);
}

export function programOf(pid: number): string {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    return '';
  }
}

/** It and all below it. */
export function familyOf(pid: number): number[] {
  return withFamilies(observeProcesses(), [pid]).map((one) => one.pid);
}

/** All processes of the machine. */
export function observeProcesses(): Observed[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({
      pid: Number(name),
      parent: Number(/^\d+ \(.*\) \S (\d+)/s.exec(readQuietly(`/proc/${name}/stat`))?.[1] ?? 0),
      command: readQuietly(`/proc/${name}/cmdline`).replaceAll('\0', ' '),
    }));
}

/** Those with the given ids and all below them, parents first. */
export function withFamilies(all: readonly Observed[], pids: readonly number[]): Observed[] {
  const found = new Set(all.filter(({ pid }) => pids.includes(pid)));
  // What is added while the set is gone through is gone through too.
  for (const { pid } of found) for (const child of all) if (child.parent === pid) found.add(child);
  return [...found];
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
