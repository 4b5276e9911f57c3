// Names on user networks: aardvark-dns answers on each bridge's own address, from one file a network.
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unwatchFile,
  watchFile,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import { commandLineOf, isAlive } from '#kernel/proc.ts';
import { missingProgram, startProgram } from '#kernel/spawn.ts';
import { sendSignal } from '#kernel/syscalls.ts';
import { codeOf, internal } from '#shared/errors.ts';
import { type Endpoint, gatewaysOf, resolvesNames, type Sandbox } from './record.ts';
import type { NetworkStore } from './store.ts';

const SIGHUP = 1;
const SIGTERM = 15;
const startTimeoutMs = 5_000;
const endDelayMs = 1_000;
const watchIntervalMs = 5_000;
const hostResolverPath = '/etc/resolv.conf';

/** The name server outlives this process: the next engine finds it by its pid file. */
export class Names {
  #dir: string;
  #program: string;
  #store: NetworkStore;
  #starting: Promise<void> | undefined;
  #endTimer: NodeJS.Timeout | undefined;
  /** A server that was told to end, and may still have its sockets. */
  #ending: number | undefined;

  constructor(options: { dir: string; program: string; store: NetworkStore }) {
    this.#dir = options.dir;
    this.#program = options.program;
    this.#store = options.store;
  }

  /**
   * Writes the names of these networks as the records have them, and tells the server. Resolves once it was told
   * (it reads its files within a millisecond), or, where it had to be started, once it answers.
   */
  async refresh(networkIds: Iterable<string>): Promise<void> {
    let changed = false;
    for (const id of networkIds) changed = this.#write(id) || changed;
    if (changed) await this.#tell();
  }

  /** As `refresh` for all networks; files of networks that are gone are removed. */
  async recover(): Promise<void> {
    mkdirSync(this.#dir, { recursive: true });
    const known = this.#store.networks().map(({ id }) => id);
    const files = readdirSync(this.#dir).filter((name) => /^[0-9a-f]{64}$/.test(name));
    for (const name of files.filter((each) => !known.includes(each)))
      rmSync(join(this.#dir, name), { force: true });
    for (const id of known) this.#write(id);
    await this.#tell();
  }

  /** From now on the server follows the host's own name servers. Keeps no process alive. */
  watchHost(): void {
    watchFile(hostResolverPath, { interval: watchIntervalMs, persistent: false }, this.#onHostChange);
  }

  // The server reads the host's file when it reads its own.
  #onHostChange = (): void => {
    const pid = this.#pid();
    if (pid !== undefined) sendSignal(pid, SIGHUP);
  };

  /** Ends the server, at once, where no container needs it. */
  close(): void {
    unwatchFile(hostResolverPath, this.#onHostChange);
    if (!this.#isNeeded()) this.end();
  }

  /** Ends the server. */
  end(): void {
    clearTimeout(this.#endTimer);
    this.#endTimer = undefined;
    const pid = this.#pid();
    if (pid === undefined) return;
    sendSignal(pid, SIGTERM);
    this.#ending = pid;
    rmSync(this.#pidFile, { force: true });
  }

  // True where the file changed.
  #write(networkId: string): boolean {
    const network = this.#store.byId(networkId);
    const path = join(this.#dir, networkId);
    const members = network === undefined || !resolvesNames(network) ? [] : this.#store.members(networkId);
    if (network === undefined || members.length === 0) {
      const was = exists(path);
      rmSync(path, { force: true });
      return was;
    }
    const lines = members.map(({ sandbox, endpoint }) => lineOf(sandbox, endpoint));
    const text = `${gatewaysOf(network).join(',')}\n${lines.join('')}`;
    if (textOf(path) === text) return false;
    mkdirSync(dirname(path), { recursive: true });
    // The server reads the folder at any moment: never half a file, and none that it could take for a network's.
    const temporary = join(dirname(this.#dir), `.${networkId}.names`);
    writeFileSync(temporary, text);
    renameSync(temporary, path);
    return true;
  }

  #isNeeded(): boolean {
    return this.#store.bridges().some(({ id }) => exists(join(this.#dir, id)));
  }

  async #tell(): Promise<void> {
    await this.#starting;
    clearTimeout(this.#endTimer);
    if (!this.#isNeeded()) {
      // A container that restarts should find the server again.
      this.#endTimer = setTimeout(() => this.close(), endDelayMs);
      this.#endTimer.unref();
      return;
    }
    const pid = this.#pid();
    if (pid !== undefined && sendSignal(pid, SIGHUP)) return;
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    await this.#starting;
  }

  get #pidFile(): string {
    return join(this.#dir, 'aardvark.pid');
  }

  // A pid from a file may be someone else's by now: the command line must name our folder.
  #pid(): number | undefined {
    const pid = Number(textOf(this.#pidFile) ?? '');
    return isAlive(pid) && commandLineOf(pid).includes(this.#dir) ? pid : undefined;
  }

  // The started process forks the server and ends once it answers.
  async #start(): Promise<void> {
    for (let waitedMs = 0; this.#ending !== undefined && waitedMs < startTimeoutMs; waitedMs += 2) {
      if (isAlive(this.#ending)) await setTimeoutPromise(2);
      else this.#ending = undefined;
    }
    mkdirSync(this.#dir, { recursive: true });
    const child = startProgram(this.#program, ['--config', this.#dir, '--port', '53', 'run'], {
      stdio: 'ignore',
      detached: true,
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', RUST_LOG: 'error' },
    });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(internal('aardvark-dns did not start in time')), startTimeoutMs);
      child.once('error', (thrown) => {
        clearTimeout(timer);
        reject(codeOf(thrown) === 'ENOENT' ? missingProgram(this.#program, thrown) : thrown);
      });
      child.once('exit', (code) => {
        clearTimeout(timer);
        if (code === 0) resolve();
        else reject(internal(`aardvark-dns ended with exit code ${code}; names on user networks need it`));
      });
    });
  }
}

// `id ipv4 ipv6 names servers`, separated by single spaces; lists by commas (aardvark-dns, config format).
function lineOf(sandbox: Sandbox, endpoint: Endpoint): string {
  const servers = sandbox.dns.length === 0 ? '' : ` ${sandbox.dns.join(',')}`;
  const { ipv4, ipv6 } = endpoint;
  const addresses = `${ipv4?.address ?? ''} ${ipv6?.address ?? ''}`;
  return `${sandbox.containerId} ${addresses} ${namesOf(sandbox, endpoint).join(',')}${servers}\n`;
}

/** All names that a container answers to on a network, its own first, no name twice. */
export function namesOf(
  sandbox: Pick<Sandbox, 'name' | 'shortId' | 'hostname'>,
  endpoint: Endpoint,
): string[] {
  const names = [sandbox.name, ...(endpoint.settings.Aliases ?? []), sandbox.shortId, sandbox.hostname];
  return [...new Set(names.filter((name) => /^[\w.-]+$/.test(name)))];
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

const exists = (path: string): boolean => textOf(path) !== undefined;
