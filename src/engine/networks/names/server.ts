// One aardvark-dns: a process that outlives this one, and the folder that it reads, with a file for each of its networks.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import { isBound } from '#kernel/port-holder.ts';
import { commandLineOf, isAlive } from '#kernel/proc.ts';
import { missingProgram, startProgram } from '#kernel/spawn.ts';
import { sendSignal } from '#kernel/syscalls.ts';
import { internal } from '#shared/errors.ts';

const SIGHUP = 1;
const SIGTERM = 15;
const startTimeoutMs = 5_000;
const endDelayMs = 1_000;
/** Another server of the host's may have the address; then there is nothing to wait for. */
const listenTimeoutMs = 500;
const port = 53;
/** A shell's exit code for a program that it cannot find. */
const notFoundCode = 127;
// The server is said to be ready just before it hears signals; one in between would end it.
const deafToHangUps = ['-c', 'trap "" HUP; exec "$0" "$@"'];

/** Found again by its pid file. */
export class NameServer {
  readonly #dir: string;
  readonly #program: string;
  #networks: Set<string>;
  #starting: Promise<void> | undefined;
  #endTimer: NodeJS.Timeout | undefined;
  /** A process that was told to end, and may still have its sockets. */
  #ending: number | undefined;

  constructor(dir: string, program: string) {
    this.#dir = dir;
    this.#program = program;
    mkdirSync(dir, { recursive: true });
    this.#networks = new Set(readdirSync(dir).filter((name) => /^[0-9a-f]{64}$/.test(name)));
  }

  /** Ids of those whose names it knows, or will once it was told. */
  get networks(): ReadonlySet<string> {
    return this.#networks;
  }

  /** Whether the process still answers though it has no network any more. */
  get isIdle(): boolean {
    return this.#networks.size === 0 && this.#pid() !== undefined;
  }

  /** Makes the network's file say this, or takes it away. True where it changed. */
  write(networkId: string, text: string | undefined): boolean {
    const path = join(this.#dir, networkId);
    if (text === undefined) {
      rmSync(path, { force: true });
      return this.#networks.delete(networkId);
    }
    if (this.#networks.has(networkId) && textOf(path) === text) return false;
    // The server reads the folder at any moment: never half a file, and none that it could take for a network's.
    const temporary = join(dirname(this.#dir), `.${networkId}.names`);
    writeFileSync(temporary, text);
    renameSync(temporary, path);
    this.#networks.add(networkId);
    return true;
  }

  /**
   * Has the process read its files. Resolves once it was told (it reads them within a millisecond), or, where it had
   * to be started, once it answers. Without a network it ends a moment later: a container that restarts should find it.
   */
  async tell(): Promise<void> {
    await this.#starting;
    clearTimeout(this.#endTimer);
    if (this.#networks.size === 0) {
      this.#endTimer = setTimeout(() => this.endIfIdle(), endDelayMs);
      this.#endTimer.unref();
      return;
    }
    if (this.hangUp()) return;
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    await this.#starting;
  }

  /** Has a process that is there read the host's file of name servers, and its own. False where there is none. */
  hangUp(): boolean {
    const pid = this.#pid();
    return pid !== undefined && sendSignal(pid, SIGHUP);
  }

  endIfIdle(): void {
    if (this.#networks.size === 0) this.end();
  }

  /** Tells the process to end. */
  end(): void {
    clearTimeout(this.#endTimer);
    this.#endTimer = undefined;
    const pid = this.#pid();
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
    return isAlive(pid) && commandLineOf(pid).includes(this.#dir) ? pid : undefined;
  }

  async #gone(): Promise<void> {
    for (let waitedMs = 0; this.#ending !== undefined && waitedMs < startTimeoutMs; waitedMs += 2) {
      if (isAlive(this.#ending)) await setTimeoutPromise(2);
      else this.#ending = undefined;
    }
  }

  // It says that it is ready before it has opened its sockets.
  async #listens(): Promise<void> {
    const heads = [...this.#networks].map((id) => textOf(join(this.#dir, id))?.split('\n')[0] ?? '');
    const addresses = heads.flatMap((head) => head.split(',')).filter((address) => address !== '');
    for (let waitedMs = 0; waitedMs < listenTimeoutMs; waitedMs += 2) {
      if (addresses.every((address) => isBound('udp', { address, port }))) return;
      await setTimeoutPromise(2);
    }
  }

  // The started process forks the server and ends.
  async #start(): Promise<void> {
    await this.#gone();
    const args = [...deafToHangUps, this.#program, '--config', this.#dir, '--port', String(port), 'run'];
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
    await this.#listens();
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
