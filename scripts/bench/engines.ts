// Starts the engines that the bench compares, each in folders of its own: ours, and Debian's dockerd where it is there.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { recipes } from '../images/recipes.ts';
import { makeRoot } from '../images/root.ts';
import { type Api, openApi } from './api.ts';
import { isDockerdThere, peerEnvironment } from './peers.ts';
import { familyOf, programOf } from './processes.ts';
import { benchBridge, benchFolder } from './sweep.ts';
import * as work from './work.ts';

export interface BenchEngine {
  name: string;
  socket: string;
  api: Api;
  /** Process ids of the engine: what its idle memory counts. */
  pids(): number[];
  stop(): Promise<void>;
}

const checkout = join(import.meta.dirname, '../..');

/** A pair of engines in folders below one, started at the first need. */
export class Engines {
  readonly folder: string;
  #started: Promise<BenchEngine[]> | undefined;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Ours, then dockerd where it is there, with `work.image` imported. */
  all(): Promise<BenchEngine[]> {
    this.#started ??= this.#start();
    return this.#started;
  }

  another(folder: string): Engines {
    return new Engines(folder);
  }

  /** Containers outlive their engine; those of a bench that failed half-way must not. */
  async stop(): Promise<void> {
    for (const engine of (await this.#started?.catch(() => [])) ?? []) {
      const rows = await engine.api.call<{ Id: string }[]>('GET', '/containers/json?all=1').catch(() => []);
      for (const { Id } of rows) await work.removeContainer(engine.api, Id).catch(() => {});
      await engine.stop();
    }
  }

  async #start(): Promise<BenchEngine[]> {
    const tarFile = join(this.folder, 'busybox.tar');
    const busybox = recipes.find((recipe) => recipe.packages === null);
    if (busybox === undefined) throw new Error('no recipe of a busybox image');
    await makeRoot(busybox, tarFile);
    const ours = await startWharf(join(this.folder, 'w'));
    const theirs = await startDockerd(join(this.folder, 'd'));
    const engines = theirs === undefined ? [ours] : [ours, theirs];
    for (const engine of engines) await work.importImage(engine.api, tarFile);
    return engines;
  }
}

async function startWharf(folder: string): Promise<BenchEngine> {
  const socket = join(folder, 'w.sock');
  const run = benchFolder('in memory');
  const folders = ['--root', join(folder, 'root'), '--run', run];
  const args = ['daemon', ...folders, '--host', `unix://${socket}`, '--bridge', benchBridge()];
  const child = spawn(join(checkout, 'bin/wharf'), args, { stdio: ['ignore', 'ignore', 'inherit'] });
  return ready({ name: 'wharf', socket, run, child, programs: ['node'] });
}

/** Undefined where no dockerd is to be had. */
export async function startDockerd(folder: string): Promise<BenchEngine | undefined> {
  if (!isDockerdThere()) return undefined;
  await mkdir(folder, { recursive: true });
  const socket = join(folder, 'd.sock');
  const run = benchFolder('in memory');
  const folders = ['--data-root', join(folder, 'root'), '--exec-root', run];
  const args = [
    ...folders,
    '--pidfile',
    join(folder, 'pid'),
    '-H',
    `unix://${socket}`,
    '--log-level',
    'error',
  ];
  // In a network and a mount namespace of its own, dockerd leaves the host's rules and links alone.
  const inside = 'ip link set lo up; exec dockerd "$@"';
  const command = ['-m', '-n', '--propagation', 'private', 'sh', '-c', inside, 'sh', ...args];
  const child = spawn('unshare', command, { stdio: 'ignore', env: peerEnvironment() });
  return ready({ name: 'dockerd', socket, run, child, programs: ['dockerd', 'containerd'] });
}

interface Started {
  name: string;
  socket: string;
  /** Is removed at the end. */
  run: string;
  child: ChildProcess;
  programs: string[];
}

async function ready({ name, socket, run, child, programs }: Started): Promise<BenchEngine> {
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
      await rm(run, { recursive: true, force: true });
    },
  };
  return engine;
}
