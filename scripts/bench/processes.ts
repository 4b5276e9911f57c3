// What the bench reads of running processes: their family, their program, their memory.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** Proportional set size of a process, in bytes. */
export function pssBytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
}

/** Processes whose command line names `word`. */
export function processesNaming(word: string): number[] {
  return allPids().filter((pid) => readQuietly(`/proc/${pid}/cmdline`).includes(word));
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
  const children = allPids().filter(
    (other) => Number(/^\d+ \(.*\) \S (\d+)/s.exec(readQuietly(`/proc/${other}/stat`))?.[1]) === pid,
  );
  return [pid, ...children.flatMap(familyOf)];
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
