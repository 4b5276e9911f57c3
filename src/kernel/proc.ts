// Processes as /proc shows them: alive or not, tables for `top`, network counters.
import { readFileSync, readlinkSync } from 'node:fs';
import { runOk } from '#kernel/spawn.ts';
import { invalid } from '#shared/errors.ts';

export { type PortHolder, portHolder, portHolders } from '#kernel/port-holder.ts';

/** The time a process started, in clock ticks since boot: with the pid it names a process for good. */
export function startTicksOf(pid: number): number | undefined {
  return statFieldsOf(pid)?.startTicks;
}

function statFieldsOf(pid: number): { state: string; startTicks: number } | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** State letter and start time from /proc/PID/stat (proc(5), fields 3 and 22). */
export function parseStat(text: string): { state: string; startTicks: number } {
  // The program's name is in parentheses and may hold both spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', startTicks: Number(fields[19]) };
}

/** Whether the process lives: zombies do not, nor does another process that has got the same pid since. */
export function isAlive(pid: number, startTicks?: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  const fields = statFieldsOf(pid);
  if (fields === undefined || fields.state === 'Z' || fields.state === 'X') return false;
  return startTicks === undefined || fields.startTicks === startTicks;
}

/** The program of a process: its name and, where readable, its executable. */
export function programOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** The command line of a process; empty where it is gone. */
export function commandLineOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0$/, '').split('\0');
  } catch {
    return [];
  }
}

/** What a link of /proc/PID points to (`exe`, `ns/net`, `cwd`); undefined where that cannot be read. */
export function procLink(pid: number, name: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/${name}`);
  } catch {
    return undefined;
  }
}

export interface ProcessTable {
  titles: string[];
  processes: string[][];
}

/**
 * The processes of a container as ps(1) shows them, with the columns that `psArgs` asks for (default `-ef`).
 * Throws `invalid` where the columns hold no PID to tell the container's processes by.
 */
export async function processTable(pids: number[], psArgs = '-ef'): Promise<ProcessTable> {
  const { stdout } = await runOk('ps', psArgs.split(/\s+/).filter(Boolean), { timeoutMs: 10_000 });
  return selectProcesses(stdout.toString('utf8'), new Set(pids));
}

/** Reads the output of ps and keeps the rows of the given processes. The last column may hold spaces. */
export function selectProcesses(text: string, pids: Set<number>): ProcessTable {
  const [head = '', ...lines] = text.trimEnd().split('\n');
  const titles = head.trim().split(/\s+/);
  const at = titles.indexOf('PID');
  if (at === -1) throw invalid("Couldn't find PID field in ps output");
  const processes = lines.flatMap((line) => {
    const words = line.trim().split(/\s+/);
    if (!pids.has(Number(words[at]))) return [];
    return [[...words.slice(0, titles.length - 1), words.slice(titles.length - 1).join(' ')]];
  });
  return { titles, processes };
}

export interface NetworkCounters {
  rxBytes: number;
  rxPackets: number;
  rxErrors: number;
  rxDropped: number;
  txBytes: number;
  txPackets: number;
  txErrors: number;
  txDropped: number;
}

/** Counters of each link (but the loopback) in the network namespace of a process; empty where it is gone. */
export function networkCounters(pid: number): Record<string, NetworkCounters> {
  try {
    return parseNetDev(readFileSync(`/proc/${pid}/net/dev`, 'utf8'));
  } catch {
    return {};
  }
}

/** The text of /proc/PID/net/dev (proc(5)). */
export function parseNetDev(text: string): Record<string, NetworkCounters> {
  const found: Record<string, NetworkCounters> = {};
  for (const line of text.split('\n')) {
    const [, name, rest] = /^\s*([^:\s]+):(.*)$/.exec(line) ?? [];
    if (name === undefined || rest === undefined || name === 'lo') continue;
    const numbers = rest.trim().split(/\s+/).map(Number);
    const at = (index: number): number => numbers[index] ?? 0;
    found[name] = {
      rxBytes: at(0),
      rxPackets: at(1),
      rxErrors: at(2),
      rxDropped: at(3),
      txBytes: at(8),
      txPackets: at(9),
      txErrors: at(10),
      txDropped: at(11),
    };
  }
  return found;
}
