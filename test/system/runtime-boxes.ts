// What the runtime's system tests share: a tiny root file system, and a runtime of their own that leaves nothing.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { writeBundle } from '#runtime/bundle.ts';
import { buildSpec, type SpecInput } from '#runtime/spec.ts';
import { openRuntime, type Runtime, type Task, type TaskExit, type TaskRequest } from '#runtime/task.ts';

const busybox = ['/usr/bin/busybox', '/bin/busybox'].find((path) => existsSync(path)) ?? '';
const applets = [
  'sh',
  'true',
  'cat',
  'sleep',
  'echo',
  'id',
  'dd',
  'yes',
  'head',
  'stty',
  'grep',
  'seq',
  'hostname',
  'ls',
  'tail',
];
const programs = ['crun', 'conmon'].map((name) => `/usr/bin/${name}`);

/** Why the tests cannot run here; false: they can. */
export const skipReason: string | false =
  process.getuid?.() !== 0
    ? 'needs root'
    : busybox === ''
      ? 'needs busybox-static'
      : (programs.find((path) => !existsSync(path)) ?? '') !== ''
        ? 'needs crun and conmon'
        : false;

export const env = ['PATH=/usr/bin:/bin', 'HOME=/'];

export interface BoxRequest extends Partial<SpecInput> {
  stdin?: boolean;
  stdinOnce?: boolean;
}

export class Boxes implements AsyncDisposable {
  readonly dir = mkdtempSync(join(tmpdir(), 'wharf-runtime-'));
  readonly rootfs = join(this.dir, 'rootfs');
  readonly parent = basename(this.dir);
  runtime: Runtime;
  #ids = new Set<string>();
  #exits = new Map<string, TaskExit>();
  #waiting = new Map<string, (exit: TaskExit) => void>();

  constructor(runDir?: string) {
    mkdirSync(join(this.rootfs, 'usr/bin'), { recursive: true });
    for (const folder of ['bin', 'proc', 'dev', 'sys', 'etc', 'tmp']) mkdirSync(join(this.rootfs, folder));
    copyFileSync(busybox, join(this.rootfs, 'usr/bin/busybox'));
    for (const name of applets) symlinkSync('/usr/bin/busybox', join(this.rootfs, 'bin', name));
    writeFileSync(join(this.rootfs, 'etc/plain'), 'text');
    this.runtime = this.#open(runDir ?? join(this.dir, 'run'));
  }

  #open(runDir: string): Runtime {
    const runtime = openRuntime({ runDir, cgroupParent: this.parent });
    runtime.onExit((id, exit) => {
      this.#exits.set(id, exit);
      this.#waiting.get(id)?.(exit);
    });
    return runtime;
  }

  /** As a new engine would, after the old one is gone. */
  async reopen(): Promise<void> {
    await this.runtime[Symbol.asyncDispose]();
    this.#exits.clear();
    this.runtime = this.#open(join(this.runtime.stateRoot, '..'));
  }

  logPath(id: string): string {
    return join(this.dir, `${id}.log`);
  }

  async create(id: string, args: string[], request: BoxRequest = {}): Promise<Task> {
    const { stdin = false, stdinOnce = false, ...spec } = request;
    const { runtime, rootfs } = this;
    this.#ids.add(id);
    this.#exits.delete(id);
    writeBundle(
      runtime.bundleDir(id),
      buildSpec({ id, rootfs, args, env, cgroupsPath: runtime.cgroupPath(id), ...spec }),
    );
    const tty = spec.tty ?? false;
    const task: TaskRequest = {
      id,
      name: id,
      program: args[0] ?? '',
      logPath: this.logPath(id),
      tty,
      stdin,
      stdinOnce,
    };
    return runtime.create(task);
  }

  async run(id: string, args: string[], request: BoxRequest = {}): Promise<TaskExit> {
    await this.create(id, args, request);
    await this.runtime.start(id);
    return this.ended(id);
  }

  ended(id: string): Promise<TaskExit> {
    const exit = this.#exits.get(id);
    if (exit !== undefined) return Promise.resolve(exit);
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of this.#ids) await this.runtime.delete(id);
    await this.runtime[Symbol.asyncDispose]();
    for (const controller of readdirSync('/sys/fs/cgroup')) {
      try {
        rmdirSync(join('/sys/fs/cgroup', controller, this.parent));
      } catch {
        // Not every entry is a hierarchy of ours.
      }
    }
    try {
      rmdirSync(join('/sys/fs/cgroup', this.parent));
    } catch {
      // Only where there is one hierarchy.
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}
