// The door of the room: containers as tasks, from create to delete.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { removeCgroup } from '#kernel/cgroups.ts';
import { sealProgram } from '#kernel/sealed-program.ts';
import { run, runOk } from '#kernel/spawn.ts';
import { sendSignal } from '#kernel/syscalls.ts';
import { conflict } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { forgetAwaited, learnFilter } from './confine/seccomp-cache.ts';
import { type Exit, ExitWatcher } from './exits.ts';
import { CgroupWarmth } from './monitor/cgroup-warmup.ts';
import { MonitorFailure, startMonitor } from './monitor/conmon.ts';
import { isFrozen, observeProcess, programOf, readContainerRecord } from './monitor/container-state.ts';
import { sendReopenLog, sendResize } from './monitor/control.ts';
import { releaseStartGate } from './monitor/start-gate.ts';
import { type ResourceLimits, toResources } from './resources.ts';
import { ExecsAhead } from './sessions/ahead.ts';
import { toStartError } from './start-error.ts';

export interface RuntimeOptions {
  /** For exits, the runtime's records and bundles. Gone after a reboot, as everything in it then is. */
  runDir: string;
  /** Default `crun`. */
  runtimePath?: string;
  /** Default `conmon`. */
  conmonPath?: string;
  /** First part of every cgroup path. Default `wharf`. */
  cgroupParent?: string;
}

export interface TaskRequest {
  id: string;
  name: string;
  /** Holds `config.json`. Default `bundleDir(id)`. */
  bundle?: string;
  /** First word of the command, for error messages. */
  program: string;
  /** k8s-file lines are appended here; null: no log. */
  logPath: string | null;
  tty: boolean;
  /** The container has an open stdin. */
  stdin: boolean;
  /** Its stdin ends when the first one attached to it goes away. */
  stdinOnce: boolean;
}

export interface Task {
  pid: number;
  conmonPid: number;
}

export interface TaskExit extends Exit {
  oomKilled: boolean;
}

export interface TaskObservation {
  /** The process exists: created, running or paused. */
  running: boolean;
  pid: number;
  /** Undefined: nobody records its exit code or reads its output any more. */
  conmonPid: number | undefined;
  bundle: string;
}

export interface TaskState {
  status: 'created' | 'running' | 'paused' | 'stopped';
  pid: number;
}

/** conmon needs the whole path. Not there: the name as it is, for the error that will follow. */
function findProgram(name: string): string {
  if (name.includes('/')) return name;
  const folders = (process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin').split(':');
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? name;
}

const SIGKILL = 9;
const monitorLostCode = 255;

/** Opened with `openRuntime`. Every verb may be repeated; none takes a lock: that is the caller's. */
export class Runtime implements AsyncDisposable {
  /** The OCI runtime that was asked for. */
  readonly runtimePath: string;
  /** What to start for it. */
  readonly runtimeProgram: string;
  readonly conmonPath: string;
  /** Global flags for every call of the OCI runtime. */
  readonly runtimeFlags: readonly string[];
  readonly stateRoot: string;
  readonly cgroupParent: string;
  readonly execsAhead = new ExecsAhead(this);
  readonly #runDir: string;
  readonly #exits: ExitWatcher;
  readonly #warmth = new CgroupWarmth();
  readonly #sealed: Disposable | undefined;

  constructor(options: RuntimeOptions) {
    this.runtimePath = findProgram(options.runtimePath ?? 'crun');
    this.conmonPath = findProgram(options.conmonPath ?? 'conmon');
    this.cgroupParent = options.cgroupParent ?? 'wharf';
    this.#runDir = options.runDir;
    this.stateRoot = join(options.runDir, 'r');
    this.runtimeFlags = [`--root=${this.stateRoot}`];
    makeFolders(mkdirSync, this.stateRoot, 0o700);
    const sealedPath = join(options.runDir, basename(this.runtimePath));
    this.#sealed = this.#isCrun ? sealProgram(this.runtimePath, sealedPath) : undefined;
    this.runtimeProgram = this.#sealed === undefined ? this.runtimePath : sealedPath;
    this.#exits = new ExitWatcher(join(options.runDir, 'x'));
  }

  /** Where the bundle of a container belongs. Short: sockets live in it. */
  bundleDir(id: string): string {
    return join(this.#runDir, 'c', id);
  }

  /** `/wharf/<id>`, for the spec and for everything that reads cgroups. */
  cgroupPath(id: string, parent: string = this.cgroupParent): string {
    return `/${parent.replace(/^\/+|\/+$/g, '')}/${id}`;
  }

  /** A start is near: call it as early as that is known. Returns at once, is never needed. */
  expectStart(): void {
    this.#warmth.expect();
  }

  /**
   * The container exists and waits for `start`; whoever attaches now misses nothing. A missing program or the
   * like: `StartError`, and nothing is left behind.
   */
  async create(request: TaskRequest): Promise<Task> {
    const { id } = request;
    const bundle = request.bundle ?? this.bundleDir(id);
    this.expectStart();
    this.#clearLastRun(id);
    rmSync(join(bundle, 'oom'), { force: true });
    try {
      const monitor = await startMonitor({
        conmonPath: this.conmonPath,
        runtimePath: this.runtimeProgram,
        runtimeFlags: this.runtimeFlags,
        id,
        processId: id,
        name: request.name,
        bundle,
        exitDir: this.#exits.dir,
        logPath: request.logPath,
        tty: request.tty,
        stdin: request.stdin,
        // A terminal stays usable after a detach; Docker never ends its input either.
        leaveStdinOpen: request.tty || !request.stdinOnce,
      });
      learnFilter(bundle, this.stateRoot, id);
      void monitor.child.exit.then(() => this.#onMonitorEnd(id, monitor.pid));
      return { pid: monitor.pid, conmonPid: monitor.child.pid };
    } catch (thrown) {
      await this.delete(id);
      if (thrown instanceof MonitorFailure) throw toStartError('create', thrown.message, request.program);
      throw thrown;
    }
  }

  /** The container's program runs. Not created, or it has ended already: `conflict`. */
  async start(id: string): Promise<void> {
    if (this.#isCrun && releaseStartGate(this.stateRoot, id)) return;
    const result = await this.#call('start', id);
    if (result.code !== 0) throw conflict(result.stderr.toString('utf8').trim());
  }

  /** Sends a signal to the container's first process, or to all. False: nothing of it runs. */
  async kill(id: string, signal: number, options: { all?: boolean } = {}): Promise<boolean> {
    const record = readContainerRecord(this.stateRoot, id);
    if (options.all || (record === undefined && !this.#isCrun)) {
      const result = await this.#call('kill', ...(options.all ? ['--all'] : []), id, String(signal));
      return result.code === 0;
    }
    if (record === undefined || observeProcess(record) === undefined) return false;
    return sendSignal(record.pid, signal);
  }

  /**
   * Nothing of the container is left but its files: no process, cgroup, runtime record or exit file. What
   * still runs is killed.
   */
  async delete(id: string): Promise<void> {
    this.execsAhead.drop(id);
    const record = readContainerRecord(this.stateRoot, id);
    const dead = record === undefined || observeProcess(record) === undefined;
    if (!dead || !this.#isCrun || !this.#forgetDead(id, record?.cgroupPath)) {
      // A thawed container is one that can die.
      if (!dead) await this.#call('resume', id);
      await this.#call('delete', '--force', id);
    }
    this.#exits.forget(id);
    forgetAwaited(this.bundleDir(id));
  }

  /** Freezes all processes. */
  async pause(id: string): Promise<void> {
    this.execsAhead.drop(id);
    await runOk(this.runtimeProgram, [...this.runtimeFlags, 'pause', id]);
  }

  async resume(id: string): Promise<void> {
    await runOk(this.runtimeProgram, [...this.runtimeFlags, 'resume', id]);
  }

  /** New limits for a running container. */
  async update(id: string, limits: ResourceLimits): Promise<void> {
    // crun opens the path that it is given; a socket, which a child's stdin is in Node, cannot be opened.
    const file = join(this.#bundleOf(id), 'update.json');
    writeFileSync(file, JSON.stringify(toResources(limits)), { mode: 0o600 });
    try {
      await runOk(this.runtimeProgram, [...this.runtimeFlags, 'update', '--resources', file, id]);
    } finally {
      rmSync(file, { force: true });
    }
  }

  /** In characters. False: nothing runs there. */
  resize(id: string, size: { width: number; height: number }): Promise<boolean> {
    return sendResize(this.#bundleOf(id), size);
  }

  /** conmon goes on in a new file under the log's name. False: nothing runs there. */
  reopenLog(id: string): Promise<boolean> {
    return sendReopenLog(this.#bundleOf(id));
  }

  /** What there is of the container right now, also of one that another engine started. */
  observe(id: string): TaskObservation {
    const record = readContainerRecord(this.stateRoot, id);
    const stat = record === undefined ? undefined : observeProcess(record);
    if (record === undefined || stat === undefined) {
      return { running: false, pid: 0, conmonPid: undefined, bundle: this.#bundleOf(id) };
    }
    const monitored = programOf(stat.parentPid) === basename(this.conmonPath);
    const conmonPid = monitored ? stat.parentPid : undefined;
    return { running: true, pid: record.pid, conmonPid, bundle: record.bundle };
  }

  /** `created` until `start`; `stopped` also where nothing is known of it. */
  state(id: string): TaskState {
    const record = readContainerRecord(this.stateRoot, id);
    if (record === undefined || observeProcess(record) === undefined) return { status: 'stopped', pid: 0 };
    const { pid } = record;
    if (existsSync(join(this.stateRoot, id, 'exec.fifo'))) return { status: 'created', pid };
    return { status: isFrozen(record.cgroupPath) ? 'paused' : 'running', pid };
  }

  /** Called for every container that ends, and soon after this call for those that ended before. */
  onExit(listener: (id: string, exit: TaskExit) => void): () => void {
    return this.#exits.listen((id, exit) => listener(id, this.#complete(id, exit)));
  }

  /** How the last run of a container ended. Undefined: it runs, or its end was never recorded. */
  takeExit(id: string): TaskExit | undefined {
    const exit = this.#exits.read(id);
    return exit === undefined ? undefined : this.#complete(id, exit);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.execsAhead[Symbol.dispose]();
    this.#exits[Symbol.dispose]();
    this.#warmth[Symbol.dispose]();
    this.#sealed?.[Symbol.dispose]();
  }

  get #isCrun(): boolean {
    return basename(this.runtimePath) === 'crun';
  }

  #call(...args: string[]) {
    return run(this.runtimeProgram, [...this.runtimeFlags, ...args]);
  }

  #bundleOf(id: string): string {
    return readContainerRecord(this.stateRoot, id)?.bundle || this.bundleDir(id);
  }

  #complete(id: string, exit: Exit): TaskExit {
    return { ...exit, oomKilled: existsSync(join(this.#bundleOf(id), 'oom')) };
  }

  /** A container that ended may be created again; one that runs must not be touched. */
  #clearLastRun(id: string): void {
    const record = readContainerRecord(this.stateRoot, id);
    if (record !== undefined && observeProcess(record) !== undefined) {
      throw conflict(`container ${id} is already running`);
    }
    if (record !== undefined) this.#forgetDead(id, record.cgroupPath);
    this.#exits.forget(id);
  }

  /** What `crun delete` does for a container without processes, without starting a program. */
  #forgetDead(id: string, cgroupPath: string | undefined): boolean {
    try {
      removeCgroup(cgroupPath || this.cgroupPath(id));
      rmSync(join(this.stateRoot, id), { recursive: true, force: true });
      return true;
    } catch {
      return false;
    }
  }

  /** conmon ended: by itself after the exit file, or killed; then its container must not run on unwatched. */
  #onMonitorEnd(id: string, pid: number): void {
    if (this.#exits.read(id) !== undefined) return;
    const record = readContainerRecord(this.stateRoot, id);
    if (record?.pid !== pid) return;
    if (observeProcess(record) !== undefined) sendSignal(pid, SIGKILL);
    this.#exits.announce(id, { exitCode: monitorLostCode, atMs: Date.now() });
  }
}

/** Watches for exits until disposed. Containers live on without it. */
export function openRuntime(options: RuntimeOptions): Runtime {
  return new Runtime(options);
}
