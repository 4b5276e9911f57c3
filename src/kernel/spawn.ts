// Starting other programs: the only place of the house that does.
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { basename } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { cancelled, codeOf, type EngineError, internal, unavailable } from '#shared/errors.ts';

export interface RunResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: Buffer;
  stderr: Buffer;
}

export interface RunOptions {
  input?: string | Uint8Array;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  signal?: AbortSignal;
  /** The program is killed after this long; its result then has the signal SIGKILL. */
  timeoutMs?: number;
  /** Descriptors that the program gets as 3, 4, …; they stay the caller's. */
  extraFds?: number[];
}

export interface StartOptions {
  stdio?: StdioOptions;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** In its own session, and not waited for: it outlives this process. */
  detached?: boolean;
}

const packageOf: Record<string, string> = {
  'aardvark-dns': 'aardvark-dns',
  conmon: 'conmon',
  cp: 'coreutils',
  crun: 'crun',
  igzip: 'isal',
  nft: 'nftables',
  ps: 'procps',
  runc: 'runc',
};

/** The error for a program that is not there, naming the package that has it. */
export function missingProgram(program: string, cause?: unknown): EngineError {
  const name = basename(program);
  return unavailable(`${name} is not installed`, {
    hint: `Install it with: apt-get install ${packageOf[name] ?? name}`,
    cause,
  });
}

/**
 * Runs a program to its end and collects its output. A non-zero exit is a value, not an error; throws
 * `unavailable` where the program is missing, `cancelled` once `signal` aborted (the program was killed).
 */
export function run(program: string, args: string[], options: RunOptions = {}): Promise<RunResult> {
  if (options.signal?.aborted)
    return Promise.reject(cancelled(`${basename(program)} was not started: cancelled`));
  const stdin = options.input === undefined ? 'ignore' : 'pipe';
  const child = spawn(program, args, {
    stdio: [stdin, 'pipe', 'pipe', ...(options.extraFds ?? [])],
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    killSignal: 'SIGKILL',
  });
  const kill = (): void => void child.kill('SIGKILL');
  options.signal?.addEventListener('abort', kill, { once: true });
  feed(child.stdin, options.input);
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  return new Promise<RunResult>((resolve, reject) => {
    child.once('error', (thrown) => reject(startFailure(program, thrown)));
    child.once('close', (code, signal) => {
      if (options.signal?.aborted) reject(cancelled(`${basename(program)} was cancelled`));
      else resolve({ code, signal, stdout: stdout(), stderr: stderr() });
    });
  }).finally(() => options.signal?.removeEventListener('abort', kill));
}

function startFailure(program: string, thrown: Error): EngineError {
  if (codeOf(thrown) === 'ENOENT') return missingProgram(program, thrown);
  return internal(`${basename(program)} could not be started: ${thrown.message}`, { cause: thrown });
}

function feed(stdin: Writable | null, input: string | Uint8Array | undefined): void {
  if (stdin === null || input === undefined) return;
  // A program that ends without reading all of its input is judged by its exit code.
  stdin.on('error', () => {});
  stdin.end(input);
}

function collect(stream: Readable | null): () => Buffer {
  const chunks: Buffer[] = [];
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks);
}

/** As `run`, but anything other than exit code 0 throws `internal` with the program's own words. */
export async function runOk(program: string, args: string[], options: RunOptions = {}): Promise<RunResult> {
  const result = await run(program, args, options);
  if (result.code === 0) return result;
  const words = result.stderr.toString('utf8').trim() || result.stdout.toString('utf8').trim();
  const end = result.signal === null ? `exit code ${result.code}` : `killed by ${result.signal}`;
  const what = [basename(program), ...args.slice(0, 2)].join(' ');
  throw internal(`${what}: ${words === '' ? end : words}`);
}

/**
 * Starts a program and gives the child to the caller, who listens for `error` and `exit`. A missing program
 * comes as the child's `error` event (ENOENT).
 */
export function startProgram(program: string, args: string[], options: StartOptions = {}): ChildProcess {
  const child = spawn(program, args, {
    stdio: options.stdio ?? 'pipe',
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    detached: options.detached ?? false,
  });
  if (options.detached) child.unref();
  return child;
}
