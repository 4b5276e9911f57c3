// One aardvark-dns: a process that outlives this one, and the folder that it reads, with a file for each of its networks.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import { commandLineOf, isAlive } from '#kernel/proc.ts';
import { missingProgram, startProgram } from '#kernel/spawn.ts';
import { sendSignal } from '#kernel/syscalls.ts';
import { internal } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';

const SIGHUP = 1;
const SIGTERM = 15;
const startTimeoutMs = 5_000;
/** A shell's exit code for a program that it cannot find. */
const notFoundCode = 127;
// The server is said to be ready just before it hears signals; one in between would end it.
const deafToHangUps = ['-c', 'trap "" HUP; exec "$0" "$@"'];

/** Found again by its pid file. */
export class NameServer {
  /** Where it listens, on the gateways of its networks. */
  readonly port: number;
  readonly #dir: string;
  readonly #program: string;
  #networks: Set<string>;
  #starting: Promise<void> | undefined;
  /** A process that was told to end, and may still have its sockets. */
  #ending: number | undefined;
  /** The process that was last heard of. */
  #known: number | undefined;

  constructor({ dir, program, port }: { dir: string; program: string; port: number }) {
    this.port = port;
    this.#dir = dir;
    this.#program = program;
    makeFolders(mkdirSync, dir);
    this.#networks = new Set(readdirSync(dir).filter((name) => /^[0-9a-f]{64}$/.test(name)));
  }

  /** Ids of those whose names it knows, or will once it was told. */
  get networks(): ReadonlySet<string> {
    return this.#networks;
  }

  get isRunning(): boolean {
    return this.#pid() !== undefined;
  }

  /** Whether a process that ran is gone, and nobody here ended it. Some microseconds. */
  get isLost(): boolean {
    return this.#known !== undefined && this.#starting === undefined && !isAlive(this.#known);
  }

  /** Makes the network's file say this, or takes it away. */
  write(networkId: string, text: string | undefined): void {
    const path = join(this.#dir, networkId);
    if (text === undefined) {
      rmSync(path, { force: true });
      this.#networks.delete(networkId);
      return;
    }
    if (this.#networks.has(networkId) && textOf(path) === text) return;
    // The server reads the folder at any moment: never half a file, and none that it could take for a network's.
    const temporary = join(dirname(this.#dir), `.${networkId}.names`);
    writeFileSync(temporary, text);
    renameSync(temporary, path);
    this.#networks.add(networkId);
  }

  /** Has the process read its files and the host's file of name servers; starts it where there is none. */
  async tell(): Promise<void> {
    await this.#starting;
    const pid = this.#pid();
    if (pid !== undefined && sendSignal(pid, SIGHUP)) return;
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    await this.#starting;
  }

  /** Tells the process to end. */
  end(): void {
    const pid = this.#pid();
    this.#known = undefined;
    if (pid === undefined) return;
    sendSignal(pid, SIGTERM);
    this.#ending = pid;
    rmSync(this.#pidFile, { force: true });
  }

  /** Afterwards the process is gone, and nothing listens on its networks' addresses. */
  async release(): Promise<void> {
    await this.#starting;
    this.end();
    await this.#gone();
  }

  get #pidFile(): string {
    return join(this.#dir, 'aardvark.pid');
  }

  // A pid from a file may be someone else's by now: the command line must name our folder.
  #pid(): number | undefined {
    const pid = Number(textOf(this.#pidFile) ?? '');
    if (!isAlive(pid) || !commandLineOf(pid).includes(this.#dir)) return undefined;
    this.#known = pid;
    return pid;
  }

  async #gone(): Promise<void> {
    for (let waitedMs = 0; this.#ending !== undefined && waitedMs < startTimeoutMs; waitedMs += 2) {
      if (isAlive(this.#ending)) await setTimeoutPromise(2);
      else this.#ending = undefined;
    }
  }

  // The started process forks the server and ends; the server says that it is ready before it has opened its sockets.
  async #start(): Promise<void> {
    await this.#gone();
    const args = [...deafToHangUps, this.#program, '--config', this.#dir, '--port', String(this.port), 'run'];
    const child = startProgram('/bin/sh', args, {
      stdio: 'ignore',
      detached: true,
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', RUST_LOG: 'error' },
    });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(internal('aardvark-dns did not start in time')), startTimeoutMs);
      child.once('error', (thrown) => {
        clearTimeout(timer);
        reject(thrown);
      });
      child.once('exit', (code) => {
        clearTimeout(timer);
        if (code === 0) resolve();
        else if (code === notFoundCode) reject(missingProgram(this.#program));
        else reject(internal(`aardvark-dns ended with exit code ${code}; names on user networks need it`));
      });
    });
    this.#pid();
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
