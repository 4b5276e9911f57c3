// An exec session without a terminal: the runtime's exec with pipes, the quickest way there is.
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { ExecRequest, ExecSession } from '../exec-session.ts';
import { OutputQueue } from '../monitor/output-queue.ts';
import { readLogOf, toStartError } from '../start-error.ts';
import type { Runtime } from '../task.ts';
import { startWaiting } from './waiting.ts';

/** How long output may still come once the process has ended: its children can hold the pipe open for ever. */
const lingerMs = 1000;

function pipeInto(queue: OutputQueue, streams: readonly (Readable | undefined)[]): void {
  let open = streams.length;
  const close = () => {
    open -= 1;
    if (open === 0) queue.end();
  };
  for (const [index, stream] of streams.entries()) {
    if (stream === undefined) close();
    stream?.on('data', (data: Buffer) => queue.push(index === 0 ? 1 : 2, data));
    stream?.once('close', close).on('error', () => {});
  }
}

/** Starts it; what goes wrong comes out of `exit`. */
export function startPipedExec(runtime: Runtime, request: ExecRequest): ExecSession {
  const { id, stdin, detach = false } = request;
  const ahead = detach ? undefined : runtime.execsAhead.take(id, stdin);
  const waiting = ahead ?? startWaiting(runtime, id, { stdin, detach });
  const { child, logPath, pidPath } = waiting;
  waiting.run(request.process);
  const [input, ...streams] = [child.pipes[0], child.pipes[1], child.pipes[2]];
  const queue = new OutputQueue((go) => {
    for (const stream of streams) go ? stream?.resume() : stream?.pause();
  });
  pipeInto(queue, streams);
  input?.on('error', () => {});
  let pid = 0;
  const findPid = () => {
    pid ||= Number(readFileOr(pidPath)) || 0;
    return pid;
  };
  const exit = child.exit.then((code) => {
    findPid();
    setTimeout(() => streams.map((stream) => stream?.destroy()), lingerMs).unref();
    const said = code === 0 ? '' : readLogOf(logPath);
    // The runtime logs only what kept the process from running.
    if (said !== '' && pid === 0) throw toStartError('exec', said, request.process.args[0] ?? '');
    return code;
  });
  exit.then(waiting.clean, waiting.clean);
  return {
    output: queue,
    exit,
    pid: findPid,
    write: (data) =>
      new Promise((resolve) => {
        if (input?.writable !== true) resolve();
        else input.write(data, () => resolve());
      }),
    endInput: () => void input?.end(),
    resize: async () => {},
    [Symbol.asyncDispose]: async () => {
      queue.drop();
      input?.end();
    },
  };
}

function readFileOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
