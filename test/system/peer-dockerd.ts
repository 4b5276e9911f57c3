// Debian's newest dockerd, in a root, a network and folders of its own: what the engine's answers are put beside.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './api-fixture.ts';

const root = join(import.meta.dirname, '../../.cache/newest-dockerd');

/** Why there is no dockerd to compare with; undefined where there is. */
export function whyNoPeer(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  return existsSync(join(root, 'complete'))
    ? undefined
    : 'no dockerd here: scripts/test/peers.sh fetches one';
}

/** Enters the unpacked root with the host's kernel file systems and a folder for the daemon; all goes with the process. */
const enter = `
  mount --bind "$1" "$1"
  mount --bind "$2" "$1/work"
  mount -t proc proc "$1/proc"
  mount --rbind /sys "$1/sys"
  mount --rbind /dev "$1/dev"
  mount -t tmpfs tmpfs "$1/run"
  mount -t tmpfs tmpfs "$1/tmp"
  ip link set lo up
  root=$1; shift 2
  exec chroot "$root" dockerd "$@"
`;

const startingMs = 60_000;

export class PeerDockerd implements AsyncDisposable {
  readonly dir = mkdtempSync(join(tmpdir(), 'wharf-peer-'));
  readonly socket = join(this.dir, 'd.sock');
  readonly #cgroup = `peer${process.pid}`;
  #child: ChildProcess | undefined;
  #errors = '';

  /** Resolves once it answers; throws with what it said otherwise. */
  async start(): Promise<void> {
    mkdirSync(join(this.dir, 'root'));
    const options = [
      ...['--data-root', '/work/root', '--exec-root', '/run/docker', '--pidfile', '/work/pid'],
      ...['-H', 'unix:///work/d.sock', '--log-level', 'error', '--cgroup-parent', `/${this.#cgroup}`],
    ];
    const command = ['-m', '-n', '--propagation', 'private', 'sh', '-ec', enter, 'sh', root, this.dir];
    const child = spawn('unshare', [...command, ...options], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      this.#errors += piece;
    });
    const untilMs = Date.now() + startingMs;
    while (Date.now() < untilMs && child.exitCode === null) {
      const up = await this.ask('GET', '/_ping').catch(() => undefined);
      if (up?.status === 200) return;
      await sleep(50);
    }
    throw new Error(`dockerd did not start: ${this.#errors}`);
  }

  async ask(method: string, path: string, body?: string | Buffer): Promise<Answer> {
    const answer = await this.open(method, path, body);
    return { status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer) };
  }

  /** The answer with its body unread. */
  open(method: string, path: string, body?: string | Buffer): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = httpRequest({ socketPath: this.socket, method, path, agent: false }, resolve);
      if (typeof body === 'string') request.setHeader('Content-Type', 'application/json');
      request.on('error', reject).end(body);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'close');
      child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.dir, { recursive: true, force: true });
    const groups = [`/sys/fs/cgroup/${this.#cgroup}`, ...globSync(`/sys/fs/cgroup/*/${this.#cgroup}`)];
    for (const group of groups) if (existsSync(group)) removeGroup(group);
  }
}

/** A cgroup goes after those below it. */
function removeGroup(group: string): void {
  for (const each of readdirSync(group, { withFileTypes: true }))
    if (each.isDirectory()) removeGroup(join(group, each.name));
  rmdirSync(group);
}
