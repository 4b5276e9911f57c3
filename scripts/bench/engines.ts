// Starts the engines that the bench compares, each in folders of its own: ours, and Debian's dockerd where it is there.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, openApi } from './api.ts';

export interface BenchEngine {
  name: string;
  socket: string;
  api: Api;
  /** Process ids of the engine: what its idle memory counts. */
  pids(): number[];
  stop(): Promise<void>;
}

const checkout = join(import.meta.dirname, '../..');
const peers = join(checkout, '.cache/peers');

export async function startWharf(folder: string): Promise<BenchEngine> {
  const socket = join(folder, 'w.sock');
  const args = [
    'daemon',
    '--root',
    join(folder, 'root'),
    '--run',
    join(folder, 'run'),
    '--host',
    `unix://${socket}`,
    '--bridge',
    'whbench0',
  ];
  const child = spawn(join(checkout, 'bin/wharf'), args, { stdio: ['ignore', 'ignore', 'inherit'] });
  return ready({ name: 'wharf', socket, child, programs: ['node'] });
}

/** Undefined where no dockerd is to be had; `scripts/bench/peers.sh` unpacks one. */
export async function startDockerd(folder: string): Promise<BenchEngine | undefined> {
  const own = existsSync(join(peers, 'usr/sbin/dockerd'));
  if (!own && !existsSync('/usr/sbin/dockerd')) return undefined;
  await mkdir(folder, { recursive: true });
  const socket = join(folder, 'd.sock');
  const folders = [
    '--data-root',
    join(folder, 'root'),
    '--exec-root',
    join(folder, 'run'),
    '--pidfile',
    join(folder, 'pid'),
  ];
  const args = [...folders, '-H', `unix://${socket}`, '--log-level', 'error'];
  // In a network and a mount namespace of its own, dockerd leaves the host's rules and links alone.
  const inside = 'ip link set lo up; exec dockerd "$@"';
  const command = ['-m', '-n', '--propagation', 'private', 'sh', '-c', inside, 'sh', ...args];
  const child = spawn('unshare', command, { stdio: 'ignore', env: peerEnvironment() });
  return ready({ name: 'dockerd', socket, child, programs: ['dockerd', 'containerd'] });
}

/** The environment in which programs of the unpacked peers find each other. */
export function peerEnvironment(): NodeJS.ProcessEnv {
  const libraries = join(
    peers,
    'usr/lib',
    process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu',
  );
  return {
    ...process.env,
    PATH: `${peers}/usr/sbin:${peers}/usr/bin:${process.env['PATH']}`,
    LD_LIBRARY_PATH: libraries,
    XTABLES_LIBDIR: join(libraries, 'xtables'),
  };
}

interface Started {
  name: string;
  socket: string;
  child: ChildProcess;
  programs: string[];
}

async function ready({ name, socket, child, programs }: Started): Promise<BenchEngine> {
  const api = openApi(socket);
  for (let attempt = 0; attempt < 400; attempt++) {
    if (child.exitCode !== null) throw new Error(`${name} ended with code ${child.exitCode}`);
    if (
      existsSync(socket) &&
      (await api.call('GET', '/_ping').then(
        () => true,
        () => false,
      ))
    )
      break;
    await sleep(25);
  }
  const engine: BenchEngine = {
    name,
    socket,
    api,
    pids: () => familyOf(child.pid ?? 0).filter((pid) => programs.includes(programOf(pid))),
    stop: async () => {
      api.close();
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
    },
  };
  return engine;
}

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

function familyOf(pid: number): number[] {
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
