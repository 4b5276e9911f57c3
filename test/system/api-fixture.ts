// A daemon with its own folders, socket and bridge, the stock docker client against it, and a tiny image.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('api-daemon-main.ts', import.meta.url));
const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** Why these tests cannot run here; undefined where they can. */
export function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  if (!existsSync('/bin/busybox')) return 'needs busybox-static';
  return spawnSync('docker', ['--version']).status === 0 ? undefined : 'needs the docker client';
}

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}

export class TestDaemon implements AsyncDisposable {
  readonly dir: string;
  readonly socket: string;
  readonly bridge: string;
  readonly #place: number;
  #child: ChildProcess | undefined;
  #errors = '';

  /** In a folder of its own, or in that of another daemon; `place` (0 to 9) tells apart those of one test. */
  constructor(dir = mkdtempSync(join(tmpdir(), 'wharf-api-')), place = 0) {
    this.dir = dir;
    this.#place = place;
    this.bridge = place === 0 ? `wt${process.pid}` : `wt${process.pid}x${place}`;
    this.socket = join(dir, 's.sock');
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get errors(): string {
    return this.#errors;
  }

  /**
   * Resolves once the daemon listens; throws with what it said otherwise. With `flags` it is `wharf daemon` with these,
   * its folders, socket and bridge, and nothing else.
   */
  async start(flags?: readonly string[]): Promise<void> {
    const options = {
      root: join(this.dir, 'root'),
      run: join(this.dir, 'run'),
      hosts: [`unix://${this.socket}`],
      bridge: this.bridge,
      // Another one for each test process, so that two may run at once.
      bip: `10.223.${(process.pid + this.#place) % 250}.1/24`,
      debug: true,
    };
    const places = ['--root', options.root, '--run', options.run, '--host', ...options.hosts];
    const words =
      flags === undefined
        ? [program, JSON.stringify(options)]
        : [cli, 'daemon', ...places, '--bridge', this.bridge, ...flags];
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    this.#errors = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (piece: string) => {
        this.#errors += piece;
        if (this.#errors.includes('listening on')) resolve();
      });
      child.once('close', () => reject(new Error(`the daemon ended: ${this.#errors}`)));
    });
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null)
      return child?.exitCode ?? null;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
    return child.exitCode;
  }

  /** Runs the stock client; a failure is a value. */
  async docker(args: readonly string[], options: { input?: string | Buffer } = {}): Promise<Ran> {
    const env = { ...process.env, DOCKER_BUILDKIT: '0', DOCKER_CONFIG: join(this.dir, 'config') };
    const child = spawn('docker', ['-H', `unix://${this.socket}`, ...args], { env, timeout: 60_000 });
    child.stdin.on('error', () => undefined).end(options.input ?? '');
    const ended = once(child, 'close');
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    await ended;
    return { code: child.exitCode, stdout, stderr };
  }

  /** As `docker`, but throws where it fails; answers the trimmed output. */
  async ok(...args: string[]): Promise<string> {
    const ran = await this.docker(args);
    if (ran.code !== 0)
      throw new Error(`docker ${args.join(' ')}: ${ran.code}\n${ran.stderr}${ran.stdout}\n${this.#errors}`);
    return ran.stdout.trim();
  }

  async ask(method: string, path: string, body?: string | Buffer): Promise<Answer> {
    const answer = await this.open(method, path, body);
    return { status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer) };
  }

  /** The answer with its body unread. */
  open(method: string, path: string, body?: string | Buffer): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = httpRequest({ socketPath: this.socket, method, path, agent: false }, resolve);
      request.on('error', reject).end(body);
    });
  }

  /** Makes `base:1`: busybox and its names in /bin. */
  async importBase(): Promise<void> {
    const ran = await this.docker(['import', '--change', 'ENV PATH=/bin', '-', 'base:1'], {
      input: this.baseTree(),
    });
    if (ran.code !== 0) throw new Error(`docker import: ${ran.stderr}${ran.stdout}\n${this.#errors}`);
  }

  /** A tar of that image's files. */
  baseTree(): Buffer {
    const tree = join(this.dir, 'tree');
    rmSync(tree, { recursive: true, force: true });
    for (const name of ['bin', 'tmp', 'etc', 'proc', 'sys', 'dev'])
      mkdirSync(join(tree, name), { recursive: true });
    cpSync('/bin/busybox', join(tree, 'bin/busybox'));
    for (const name of 'sh cat echo sleep true ls kill touch stty ping wget seq'.split(' ')) {
      symlinkSync('busybox', join(tree, 'bin', name));
    }
    return spawnSync('tar', ['-cC', tree, '.'], { maxBuffer: 64 * 1024 * 1024 }).stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null) {
      const ids = (await this.docker(['ps', '-aq'])).stdout.split('\n').filter(Boolean);
      if (ids.length > 0) await this.docker(['rm', '-f', '-v', ...ids]);
      const networks = (await this.docker(['network', 'ls', '-q', '--filter', 'type=custom'])).stdout.split(
        '\n',
      );
      for (const id of networks.filter(Boolean)) await this.docker(['network', 'rm', id]);
    }
    await this.stop();
    spawnSync('ip', ['link', 'del', this.bridge]);
    for (const family of ['inet', 'bridge'])
      spawnSync('nft', ['delete', 'table', family, `wharf_${this.bridge}`]);
    rmSync(this.dir, { recursive: true, force: true });
  }
}
