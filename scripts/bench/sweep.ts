// Takes away all that a bench made on the machine, however it ended: its folders, bridges and rules carry its process id.
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Observed, observeProcesses, withFamilies } from './processes.ts';

/** Of memory, as /run is on all distributions. */
const memory = '/dev/shm';
const places = [...new Set([tmpdir(), memory])];
const folderMark = (pid: number): string => `whb-${pid}-`;
const bridgeMark = (pid: number): string => `whb${pid}x`;
let bridges = 0;

/** A new folder of this bench; in memory where that is asked for and there is such a place. */
export function benchFolder(kind: 'on disk' | 'in memory' = 'on disk'): string {
  const place = kind === 'in memory' && existsSync(memory) ? memory : tmpdir();
  return mkdtempSync(join(place, folderMark(process.pid)));
}

/** A name for a bridge that no other bench has. */
export const benchBridge = (): string => `${bridgeMark(process.pid)}${bridges++}`;

/** Process ids of benches that are gone, of which folders are left. */
export function deadBenches(): number[] {
  const names = places.flatMap((place) => (existsSync(place) ? readdirSync(place) : []));
  const pids = names.flatMap((name) => /^whb-(\d+)-/.exec(name)?.[1] ?? []).map(Number);
  return [...new Set(pids)].filter((pid) => !existsSync(`/proc/${pid}`));
}

/**
 * Afterwards nothing of the bench is there: neither processes with their containers nor mounts, links, rules, cgroups and
 * folders. Takes seconds at most, and nothing else happens in this process meanwhile.
 */
export function sweep(pid: number): void {
  const ids = killAll(pid);
  unmountAll(pid);
  const tables = tablesOf(pid);
  removeLinks(pid, tables);
  for (const table of tables) quietly('nft', ['delete', 'table', ...table]);
  for (const id of ids) removeCgroups(id);
  for (const place of places)
    for (const name of existsSync(place) ? readdirSync(place) : [])
      if (name.startsWith(folderMark(pid))) rmSync(join(place, name), { recursive: true, force: true });
}

/** Gives the ids of the containers that were among them. What they started while it looked is found in another turn. */
function killAll(pid: number): Set<string> {
  const ids = new Set<string>();
  for (let turn = 0; turn < 10; turn++) {
    const doomed = processesOf(pid);
    if (doomed.length === 0) break;
    for (const one of doomed) kill(one.pid);
    waitUntilGone(doomed.map((one) => one.pid));
    for (const id of doomed.flatMap(({ command }) => command.match(/\b[0-9a-f]{64}\b/g) ?? [])) ids.add(id);
  }
  return ids;
}

/** Of a zombie the command line is empty: a child of this very process stays one for a while. */
function processesOf(pid: number): Observed[] {
  const all = observeProcesses().filter(({ command }) => command !== '');
  const named = all.filter(({ command }) => command.includes(folderMark(pid)));
  return withFamilies(all, [pid, ...named.map((one) => one.pid)]).filter(
    (one) => one.pid !== pid && one.pid !== process.pid,
  );
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was quicker.
  }
}

function waitUntilGone(pids: readonly number[]): void {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const isThere = (pid: number) => /^\d+ \(.*\) [^ZX]/s.test(readQuietly(`/proc/${pid}/stat`));
  for (let turn = 0; turn < 100 && pids.some(isThere); turn++) Atomics.wait(word, 0, 0, 20);
}

function unmountAll(pid: number): void {
  const targets = readQuietly('/proc/self/mountinfo')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((target) => target.includes(`/${folderMark(pid)}`));
  for (const target of targets.reverse()) quietly('umount', ['-l', target]);
}

/** Family and name of each. */
function tablesOf(pid: number): [string, string][] {
  const lines = quietly('nft', ['list', 'tables']).split('\n');
  return lines.flatMap((line): [string, string][] => {
    const [, family = '', name = ''] = line.split(' ');
    return name.startsWith(`wharf_${bridgeMark(pid)}`) ? [[family, name]] : [];
  });
}

/** Bridges of user networks have the names of those networks: the rules tell which are the bench's. */
function removeLinks(pid: number, tables: readonly [string, string][]): void {
  const texts = tables.map((table) => quietly('nft', ['list', 'table', ...table]));
  const told = new Set(texts.flatMap((text) => text.match(/\bwh-[0-9a-f]{12}\b/g) ?? []));
  const links = readdirSync('/sys/class/net').filter(
    (name) => told.has(name) || name.startsWith(bridgeMark(pid)),
  );
  // As a group they go at once: one by one the kernel waits for each.
  const group = String(1_000_000 + pid);
  const grouped = links.map((name) => `link set dev ${name} group ${group}\n`).join('');
  quietly('ip', ['-force', '-batch', '-'], grouped);
  if (links.length > 0) quietly('ip', ['link', 'del', 'group', group]);
}

function removeCgroups(id: string): void {
  for (const path of globSync(`/sys/fs/cgroup/{*/,}{wharf*,docker}/${id}`)) {
    try {
      rmdirSync(path);
    } catch {
      // Something runs in it still: the kernel does not let it go.
    }
  }
}

/** What it prints; nothing where it cannot do what it is asked, as when that was done already. */
function quietly(program: string, args: string[], input = ''): string {
  try {
    return execFileSync(program, args, {
      input,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch {
    return '';
  }
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
