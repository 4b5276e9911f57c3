// Starting conmon: the monitor that holds a container's stdio, writes its log and records its exit code.
import type { Socket } from 'node:net';
import { type QuickChild, quickSpawn } from '#kernel/quick-spawn.ts';

export interface MonitorOptions {
  conmonPath: string;
  runtimePath: string;
  /** Global flags of the OCI runtime (`--root=…`). */
  runtimeFlags: readonly string[];
  /** Names the container, also for an exec session. */
  id: string;
  /** Names this process: the container's id or the session's. */
  processId: string;
  name: string;
  /** Folder in which conmon makes `attach`, `ctl` and `winsz`, and where it stands. */
  bundle: string;
  exitDir: string;
  /** Where the log lines go; null: nowhere. */
  logPath: string | null;
  tty: boolean;
  stdin: boolean;
  /** The container's stdin stays open when the one who wrote to it goes away. */
  leaveStdinOpen: boolean;
  /** File with the process spec: makes this an exec session. */
  execSpec?: string;
  /** For an exec session: runs when `attach` can be connected to and the process waits. */
  beforeExec?: () => Promise<void>;
}

export interface Monitor {
  /** Of the container's process, on the host. */
  pid: number;
  child: QuickChild;
  /** The next line that conmon says: for an exec session, its exit code. Undefined: conmon is gone. */
  nextMessage(): Promise<SyncMessage | undefined>;
}

interface SyncMessage {
  data: number;
  message?: string;
}

/** conmon could not start its process; the runtime's own words. */
export class MonitorFailure extends Error {}

function monitorArguments(options: MonitorOptions): string[] {
  const { id, bundle, execSpec, processId } = options;
  const flag = (wanted: boolean, text: string) => (wanted ? [text] : []);
  return [
    ...['--api-version', '1', '-c', id, '-u', processId, '-n', options.name, '-b', bundle],
    ...['-r', options.runtimePath, ...options.runtimeFlags.flatMap((text) => ['--runtime-arg', text])],
    ...[
      '-p',
      `${bundle}/${execSpec === undefined ? 'pid' : 'exec-pid'}`,
      '--full-attach',
      '--log-level',
      'error',
    ],
    // An fsync of the log at each exit would cost more than the container; --sync spares a fork.
    ...['--sync', '--no-sync-log', '-l', options.logPath === null ? 'none' : `k8s-file:${options.logPath}`],
    ...(execSpec === undefined
      ? ['--exit-dir', options.exitDir]
      : ['--exec', '--exec-process-spec', execSpec]),
    ...flag(options.beforeExec !== undefined, '--exec-attach'),
    ...flag(options.tty, '-t'),
    ...flag(options.stdin, '-i'),
    ...flag(options.leaveStdinOpen, '--leave-stdin-open'),
  ];
}

function isSyncMessage(value: unknown): value is SyncMessage {
  return typeof value === 'object' && value !== null && 'data' in value && typeof value.data === 'number';
}

/** Reads conmon's lines one by one. */
class SyncPipe {
  #text = '';
  #ended = false;
  #wake: () => void = () => {};

  constructor(pipe: Socket | undefined) {
    if (pipe === undefined) throw new Error('conmon was started without this pipe');
    pipe.setEncoding('utf8');
    pipe.on('data', (chunk: string) => {
      this.#text += chunk;
      this.#wake();
    });
    const end = () => {
      this.#ended = true;
      this.#wake();
    };
    pipe.on('close', end).on('error', end);
  }

  async next(): Promise<SyncMessage | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n');
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        // conmon ends a message with an empty line.
        if (line.trim() === '') continue;
        const value: unknown = JSON.parse(line);
        return isSyncMessage(value) ? value : undefined;
      }
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/**
 * Starts conmon, which has the runtime make the container (or start the exec session). conmon is in a session
 * of its own, has none of the engine's descriptors, and outlives the engine. Throws `MonitorFailure` with the
 * runtime's words, or `unavailable` where conmon is not installed.
 */
export async function startMonitor(options: MonitorOptions): Promise<Monitor> {
  const { beforeExec } = options;
  const child = quickSpawn(options.conmonPath, monitorArguments(options), {
    stdio: ['null', 'null', 'from', 'from', ...(beforeExec === undefined ? [] : (['to', 'from'] as const))],
    env: {
      PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin',
      // Keeps every time in the log of one length.
      TZ: 'UTC',
      _OCI_SYNCPIPE: '3',
      ...(beforeExec === undefined ? {} : { _OCI_STARTPIPE: '4', _OCI_ATTACHPIPE: '5' }),
    },
    // The mark that the kernel killed it for memory is a file in the current folder.
    cwd: options.bundle,
    detached: true,
  });
  const [, , stderr, pipe, gate, attachPipe] = child.pipes;
  let said = '';
  stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  const sync = new SyncPipe(pipe);
  if (beforeExec !== undefined) await openGates(gate, attachPipe, beforeExec);
  const first = await sync.next();
  stderr?.destroy();
  if (first === undefined || first.data < 0) {
    pipe?.destroy();
    throw new MonitorFailure(first?.message ?? (said.trim() || 'conmon ended without a word'));
  }
  if (options.execSpec === undefined) pipe?.destroy();
  return { pid: first.data, child, nextMessage: () => sync.next().finally(() => pipe?.destroy()) };
}

/** conmon waits twice: at once, and with the attach socket made, before the runtime is called. */
async function openGates(
  gate: Socket | undefined,
  attachPipe: Socket | undefined,
  beforeExec: () => Promise<void>,
): Promise<void> {
  gate?.on('error', () => {});
  gate?.write('1');
  const ready = await new SyncPipe(attachPipe).next();
  attachPipe?.destroy();
  // Without a socket conmon has failed, and says so on the sync pipe.
  if (ready !== undefined) await beforeExec();
  gate?.end('1');
}
