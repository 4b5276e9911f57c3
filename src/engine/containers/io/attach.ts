// Attach: a stream to a container's stdio, before its start, while it runs, with or without its log so far.
import { type Attachment, attach as attachRuntime, type OutputChunk } from '#runtime/attach.ts';
import { conflict } from '#shared/errors.ts';
import { type ContainerRecord, isUp } from '../record/record.ts';
import { announce, type Room } from '../room.ts';
import { readLogs } from './logs.ts';
import { asStdout, type ContainerStream, streamOver, unframe } from './stream.ts';

export interface AttachOptions {
  stdin?: boolean;
  stdout?: boolean;
  stderr?: boolean;
  /** Replay the log so far. */
  logs?: boolean;
  /** Go on with what comes. */
  stream?: boolean;
}

/**
 * A container that does not run yet is attached to at its next start, before its program runs: no output is
 * missed. Throws `conflict` for a paused or restarting one.
 */
export async function attachContainer(
  room: Room,
  record: ContainerRecord,
  options: AttachOptions,
): Promise<ContainerStream> {
  if (record.phase === 'paused') {
    throw conflict(`container ${record.id} is paused, unpause the container before attach`);
  }
  if (record.phase === 'restarting') {
    throw conflict(`container ${record.id} is restarting, wait until the container is running before attach`);
  }
  const left = new AbortController();
  const connection =
    options.stream === true ? connectionTo(room, record, { ...options, signal: left.signal }) : nothing();
  connection.catch(() => undefined);
  // Who attaches to a running container wants to know now that it cannot be had.
  if (isUp(record)) await connection;
  announce(room, record, 'attach');
  const before = options.logs === true ? { before: logSoFar(room, record, options) } : {};
  const onEnd = options.stream === true ? room.live.of(record.id).addStream() : () => {};
  return streamOver(connection, { tty: record.config.Tty ?? false, left, onEnd, ...before });
}

const nothing = (): Promise<undefined> => Promise.resolve(undefined);

async function connectionTo(
  room: Room,
  record: ContainerRecord,
  options: AttachOptions & { signal: AbortSignal },
): Promise<Attachment | undefined> {
  const wish = {
    stdin: options.stdin ?? false,
    stdout: options.stdout ?? false,
    stderr: options.stderr ?? false,
    // Only then does the input end with the first to leave.
    keepStdinOpen: options.stdin !== true && record.config.StdinOnce === true,
  };
  const bundle = room.runtime.bundleDir(record.id);
  if (isUp(record)) return attachRuntime(bundle, wish);
  return await new Promise<Attachment | undefined>((resolve, reject) => {
    const live = room.live.of(record.id);
    const forgetStart = live.beforeRun(async () => {
      forgetEnd();
      await attachRuntime(bundle, wish).then(resolve, reject);
    });
    // A start that failed, or a removal: there will be no output.
    const forgetEnd = live.onNext('exit', () => {
      forgetStart();
      resolve(undefined);
    });
    options.signal.addEventListener('abort', () => {
      forgetStart();
      forgetEnd();
      resolve(undefined);
    });
  });
}

function logSoFar(room: Room, record: ContainerRecord, options: AttachOptions): AsyncIterable<OutputChunk> {
  const { stdout = false, stderr = false } = options;
  const { tty, output } = readLogs(room, record, { stdout, stderr });
  return tty ? asStdout(output) : unframe(output);
}
