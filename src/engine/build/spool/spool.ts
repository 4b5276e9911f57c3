// A context that is sent as a tar: kept as one file and an index, until a step asks for some of its files.
import { closeSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { cancelled, EngineError, internal } from '#shared/errors.ts';
import { openPlainStream } from '#storage/archive/plain-source.ts';
import { reading } from '#storage/archive/reading.ts';
import type { TreeFiles } from '../tree/tree-files.ts';
import type { SpoolAnswer, SpooledEntry, SpoolOrder } from './orders.ts';
import { spooledFiles } from './spooled-files.ts';

export interface Spool extends Disposable {
  files: TreeFiles;
  /** Hex sha256 of the file at a path of the tree. */
  digest(path: string): string | undefined;
}

interface Hand {
  worker: Worker;
  task: { settle: (answer: SpoolAnswer) => void; refuse: (thrown: Error) => void } | undefined;
  timer: NodeJS.Timeout | undefined;
}

const idleMs = 20_000;
const hands = new Set<Hand>();

function hire(): Hand {
  const worker = new Worker(new URL('./spool-worker.ts', import.meta.url), { execArgv: [] });
  const hand: Hand = { worker, task: undefined, timer: undefined };
  hands.add(hand);
  worker.on('message', (answer: SpoolAnswer) => {
    const { task } = hand;
    hand.task = undefined;
    worker.unref();
    hand.timer = setTimeout(() => {
      hands.delete(hand);
      void worker.terminate();
    }, idleMs).unref();
    task?.settle(answer);
  });
  const fail = (thrown: Error): void => {
    hands.delete(hand);
    clearTimeout(hand.timer);
    hand.task?.refuse(thrown);
    hand.task = undefined;
  };
  worker.on('error', (cause) => fail(internal('the reader of the build context failed', { cause })));
  worker.on('exit', () => fail(internal('the reader of the build context ended unexpectedly')));
  return hand;
}

async function work(order: SpoolOrder): Promise<SpooledEntry[]> {
  const hand = [...hands].find(({ task }) => task === undefined) ?? hire();
  clearTimeout(hand.timer);
  const answer = await new Promise<SpoolAnswer>((settle, refuse) => {
    hand.task = { settle, refuse };
    hand.worker.ref();
    hand.worker.postMessage(order);
  });
  if (answer.ok) return answer.entries;
  if (answer.kind !== undefined) throw new EngineError(answer.kind, answer.message);
  throw Object.assign(new Error(answer.message), answer.code === undefined ? {} : { code: answer.code });
}

/** Reads the whole stream (any compression) into a new file at `path`. Disposing closes it; the file stays. */
export async function spoolContext(stream: Readable, path: string, signal: AbortSignal): Promise<Spool> {
  const entries = await read(stream, { kind: 'spool', path }, signal);
  const fd = openSync(path, 'r');
  const { files, digest } = spooledFiles(entries, ({ offset, size }) => ({ fd, offset, size }));
  return { files, digest, [Symbol.dispose]: () => closeSync(fd) };
}

/** Reads a tar of files named by digest into the folder `dir`; what is on its way is in `incoming` beside it. */
export async function storeFiles(stream: Readable, dir: string, signal: AbortSignal): Promise<void> {
  await read(stream, { kind: 'store', path: dir }, signal);
}

async function read(
  stream: Readable,
  order: Pick<SpoolOrder, 'kind' | 'path'>,
  signal: AbortSignal,
): Promise<SpooledEntry[]> {
  if (signal.aborted) throw cancelled('the build was cancelled');
  const control = new Int32Array(new SharedArrayBuffer(4));
  const stop = (): void => void Atomics.store(control, 0, 1);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const source = await openPlainStream(stream);
    return await reading(source, signal, (fd) => work({ ...order, fd, control }));
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
