// An engine of a walk's own: its root, run folder, socket and bridge; the two clients that drive it; kill and restart.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { wharfProgram } from '../wharf-program.ts';

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  input?: string;
  env?: Record<string, string>;
  /** Milliseconds until the client is killed; 120,000 unless told. */
  timeoutMs?: number;
}

/** Runs a client with these arguments against the engine under test. */
export type Client = (args: string[], options?: RunOptions) => Promise<Ran>;

export interface EngineUnderTest extends AsyncDisposable {
  folder: string;
  socket: string;
  /** `docker` client against this engine; undefined where the machine has none. */
  docker: Client | undefined;
  wharf: Client;
  /** What a failing walk wants to see. */
  log(): string;
  pid(): number;
  /** `kill -9`, and waits until the process is gone. */
  killHard(): Promise<void>;
  /** Ends by SIGTERM, as an administrator would. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** An answer of the API by plain HTTP. */
  call(method: string, path: string, body?: string): Promise<{ status: number; text: string }>;
}

/** What our client prints for a command that must succeed; a failing walk shows the engine's last words. */
export async function runWell(engine: EngineUnderTest, args: string[]): Promise<string> {
  const ran = await engine.wharf(args);
  const told = `wharf ${args.join(' ')}\n${ran.stdout}${ran.stderr}\n${engine.log().slice(-3000)}`;
  assert.equal(ran.code, 0, told);
  return ran.stdout.trim();
}

/** Why the stock client's walks cannot run here; undefined where they can. */
export const noDocker = hasDocker() ? undefined : 'the stock docker client is not installed';

let engines = 0;

/** Starts an engine in a new folder, or in one of the caller's; disposing of it removes its containers and everything of it on the machine. */
export async function startEngine(folder?: string): Promise<EngineUnderTest> {
  const mirror = process.env['WHARF_TEST_MIRROR'];
  if (mirror === undefined) throw new Error('no registry of base images: run the walks by `npm test`');
  const engine = new Engine(
    folder ?? (await mkdtemp('/tmp/wharf-walk-')),
    mirror,
    `ww${process.pid}x${engines++}`,
  );
  await engine.start();
  return engine;
}

class Engine implements EngineUnderTest {
  readonly folder: string;
  readonly socket: string;
  readonly wharf: Client;
  readonly docker: Client | undefined;
  readonly #args: string[];
  #child: ChildProcess | undefined;
  #log = '';

  constructor(folder: string, mirror: string, bridge: string) {
    this.folder = folder;
    this.socket = join(folder, 'w.sock');
    const folders = [
      '--root',
      join(folder, 'root'),
      '--run',
      join(folder, 'run'),
      '--host',
      `unix://${this.socket}`,
    ];
    this.#args = ['daemon', ...folders, '--bridge', bridge, '--registry-mirror', mirror];
    const env = { DOCKER_HOST: `unix://${this.socket}`, HOME: folder, DOCKER_BUILDKIT: '0' };
    this.wharf = (args, options) =>
      runClient(wharfProgram, args, { ...options, env: { ...env, ...options?.env } });
    this.docker = noDocker
      ? undefined
      : (args, options) => runClient('docker', args, { ...options, env: { ...env, ...options?.env } });
  }

  async start(): Promise<void> {
    const child = spawn(wharfProgram, this.#args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#log += text;
      });
    for (let attempt = 0; attempt < 2400; attempt++) {
      if (child.exitCode !== null)
        throw new Error(`the engine ended with code ${child.exitCode}:\n${this.#log}`);
      if (await this.#answers()) return;
      await sleep(25);
    }
    throw new Error(`the engine does not answer:\n${this.#log}`);
  }

  log(): string {
    return this.#log;
  }

  pid(): number {
    return this.#child?.pid ?? 0;
  }

  killHard(): Promise<void> {
    return this.#end('SIGKILL');
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  call(method: string, path: string, body?: string): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const call = request({ socketPath: this.socket, method, path, headers }, async (answer) => {
        let text = '';
        for await (const chunk of answer.setEncoding('utf8')) text += chunk;
        resolve({ status: answer.statusCode ?? 0, text });
      });
      call.once('error', reject);
      call.end(body);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child?.exitCode !== null || this.#child.signalCode !== null) await this.start();
    const { stdout } = await this.wharf(['ps', '-aq']);
    const ids = stdout.split('\n').filter(Boolean);
    if (ids.length > 0) await this.wharf(['rm', '-f', '-v', ...ids]);
    await this.wharf(['network', 'prune', '-f']);
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #answers(): Promise<boolean> {
    return this.call('GET', '/_ping').then(
      ({ status }) => status === 200,
      () => false,
    );
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }
}

function runClient(program: string, args: string[], options: RunOptions): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const stdio: ('pipe' | 'ignore')[] = [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'];
    const child = spawn(program, args, {
      cwd: options.cwd ?? '/',
      env: { ...process.env, ...options.env },
      stdio,
      timeout: options.timeoutMs ?? 120_000,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin?.end(options.input);
  });
}

function hasDocker(): boolean {
  try {
    execFileSync('docker', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Lines of the host's own view that name `word`: what is still mounted, or still runs. */
export function hostLines(file: string, word: string): string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.includes(word));
}

/** Asks until `question` gives something; fails after `timeoutMs` with `what`. */
export async function eventually<T>(
  what: string,
  question: () => Promise<T | undefined>,
  timeoutMs = 15_000,
): Promise<T> {
  const untilMs = Date.now() + timeoutMs;
  while (Date.now() < untilMs) {
    const answer = await question();
    if (answer !== undefined) return answer;
    await sleep(50);
  }
  throw new Error(`waited ${timeoutMs} ms for ${what}`);
}

/** A TCP port that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
