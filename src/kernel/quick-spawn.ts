// Starting a program without copying the page tables of this process: Node's spawn forks, which holds the event loop
// of an engine for 2 to 7 ms; posix_spawn(3) takes a tenth of that. For the programs of the hot path.
import { closeSync, constants as openFlags } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { bind, SyscallError } from '#kernel/libc.ts';
import { openPipe } from '#kernel/pipes.ts';
import { missingProgram } from '#kernel/spawn.ts';
import { sendSignal } from '#kernel/syscalls.ts';

/** `from`: the program writes, we read. `to`: we write. A number is a descriptor of ours, lent to it. */
export type QuickStdio = 'null' | 'from' | 'to' | number;

export interface QuickOptions {
  /** By the descriptor's number in the program. */
  stdio: readonly QuickStdio[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** In a session of its own. */
  detached?: boolean;
}

export interface QuickChild {
  readonly pid: number;
  /** Ours of the pipes, by the descriptor's number in the program. The caller reads or destroys them. */
  readonly pipes: readonly (Socket | undefined)[];
  /** 0–255, 128 + n for signal n. Never rejects. */
  readonly exit: Promise<number>;
  hasEnded(): boolean;
  /** Nothing happens when it has ended. */
  kill(signal: NodeJS.Signals): void;
}

const posixSpawn = bind('posix_spawnp', 'int', ['void *', 'str', 'void *', 'void *', 'str *', 'str *']);
const waitpid = bind('waitpid', 'int', ['int', 'void *', 'int']);
const duplicate = bind('fcntl', 'int', ['int', 'int', 'long']);
const actionsInit = bind('posix_spawn_file_actions_init', 'int', ['void *']);
const actionsDestroy = bind('posix_spawn_file_actions_destroy', 'int', ['void *']);
const addDup = bind('posix_spawn_file_actions_adddup2', 'int', ['void *', 'int', 'int']);
const addOpen = bind('posix_spawn_file_actions_addopen', 'int', ['void *', 'int', 'str', 'int', 'uint']);
const addChdir = bind('posix_spawn_file_actions_addchdir_np', 'int', ['void *', 'str']);
const attributesInit = bind('posix_spawnattr_init', 'int', ['void *']);
const setFlags = bind('posix_spawnattr_setflags', 'int', ['void *', 'short']);
const setDefaults = bind('posix_spawnattr_setsigdefault', 'int', ['void *', 'void *']);
const setMask = bind('posix_spawnattr_setsigmask', 'int', ['void *', 'void *']);

/** POSIX_SPAWN_SETSIGDEF, _SETSIGMASK and _SETSID of spawn.h. */
const flag = { defaults: 4, mask: 8, session: 128 } as const;
const duplicateFrom = 1030;
const noHang = 1;
/** More than the structures of any libc take. */
const structBytes = 1024;

/** Throws `unavailable` where the program is not installed, SyscallError where it cannot be started. */
export function quickSpawn(program: string, args: readonly string[], options: QuickOptions): QuickChild {
  const mine: (number | undefined)[] = [];
  const lent: number[] = [];
  const actions = Buffer.alloc(structBytes);
  actionsInit(actions);
  try {
    for (const [target, kind] of options.stdio.entries()) {
      if (kind === 'null') addOpen(actions, target, '/dev/null', openFlags.O_RDWR, 0);
      else addDup(actions, sourceOf(kind, target, { mine, lent }), target);
    }
    if (options.cwd !== undefined) addChdir(actions, options.cwd);
    const pid = start(program, args, actions, options);
    const pipes = mine.map((fd, target) =>
      fd === undefined ? undefined : socketOf(fd, options.stdio[target]),
    );
    return follow(pid, pipes);
  } catch (thrown) {
    for (const fd of mine) if (fd !== undefined) closeSync(fd);
    throw thrown;
  } finally {
    actionsDestroy(actions);
    for (const fd of lent) closeSync(fd);
  }
}

/** The descriptor that becomes `target`; never one that an earlier target may have overwritten. */
function sourceOf(
  kind: 'from' | 'to' | number,
  target: number,
  ends: { mine: (number | undefined)[]; lent: number[] },
): number {
  let fd = typeof kind === 'number' ? duplicate(kind, duplicateFrom, 64) : -1;
  if (typeof kind !== 'number') {
    const { readEnd, writeEnd } = openPipe();
    const [ours, theirs] = kind === 'from' ? [readEnd, writeEnd] : [writeEnd, readEnd];
    ends.mine[target] = ours;
    ends.lent.push(theirs);
    fd = duplicate(theirs, duplicateFrom, 64);
  }
  ends.lent.push(fd);
  return fd;
}

function socketOf(fd: number, kind: QuickStdio | undefined): Socket {
  return new Socket({ fd, readable: kind === 'from', writable: kind === 'to' });
}

function start(program: string, args: readonly string[], actions: Buffer, options: QuickOptions): number {
  const attributes = Buffer.alloc(structBytes);
  attributesInit(attributes);
  // Node ignores SIGPIPE, and what is ignored stays so beyond execve(2).
  setDefaults(attributes, Buffer.alloc(128, 0xff));
  setMask(attributes, Buffer.alloc(128));
  setFlags(attributes, flag.defaults | flag.mask | (options.detached ? flag.session : 0));
  const pid = Buffer.alloc(4);
  const env = Object.entries(options.env ?? process.env).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  const errno = posixSpawn(pid, program, actions, attributes, [program, ...args, null], [...env, null]);
  if (errno === constants.errno.ENOENT) throw missingProgram(program);
  if (errno !== 0) throw new SyscallError('posix_spawn', errno, program);
  return pid.readInt32LE();
}

const running = new Map<number, (code: number) => void>();
let listening = false;

function follow(pid: number, pipes: QuickChild['pipes']): QuickChild {
  let ended = false;
  const exit = new Promise<number>((resolve) => {
    running.set(pid, (code) => {
      ended = true;
      resolve(code);
    });
  });
  if (!listening) listen();
  return {
    pid,
    pipes,
    exit,
    hasEnded: () => ended,
    kill: (signal) => {
      if (!ended) sendSignal(pid, constants.signals[signal]);
    },
  };
}

/** Worker threads get no signals. */
function listen(): void {
  listening = true;
  if (isMainThread) process.on('SIGCHLD', reap);
  else setInterval(reap, 20).unref();
}

/** Takes the ends of our own children only: those of Node's spawn are Node's. */
function reap(): void {
  const status = Buffer.alloc(4);
  for (const [pid, settle] of running) {
    if (waitpid(pid, status, noHang) !== pid) continue;
    running.delete(pid);
    const word = status.readInt32LE();
    const signal = word & 0x7f;
    settle(signal === 0 ? (word >> 8) & 0xff : 128 + signal);
  }
}
