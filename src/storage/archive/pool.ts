// Worker threads for archives: started when needed, reused, ended after a while without work.
import { Worker } from 'node:worker_threads';
import { cancelled, EngineError, internal } from '#shared/errors.ts';
import type { Control, Failure, Job, JobAnswer, JobMessage, JobResults } from './jobs.ts';

export interface RunJobOptions {
  signal?: AbortSignal | undefined;
  /** Called some times a second with the bytes read so far. */
  onProgress?: ((bytes: number) => void) | undefined;
}

interface Waiting {
  message: JobMessage;
  settle: (answer: JobAnswer) => void;
  refuse: (thrown: Error) => void;
}

interface Hand {
  worker: Worker;
  task: Waiting | undefined;
  idleTimer: NodeJS.Timeout | undefined;
}

const idleMs = 10_000;
const progressMs = 100;
const batchHands = 2;
// Jobs whose other end is a client can wait for each other (cp from one into another), so they need more hands.
const streamHands = 32;
const streamKinds: ReadonlySet<Job['kind']> = new Set([
  'pack-tree',
  'extract-tree',
  'extract-context',
  'spool-files',
]);
/** Its pace is that of somebody outside. */
const isOfStream = (job: Job): boolean =>
  streamKinds.has(job.kind) || (job.kind === 'unpack-layer' && job.arriving === true);

const hands = new Set<Hand>();
let queue: Waiting[] = [];

/** Does one job on a worker thread. Rejects with the job's error, `cancelled` where the signal aborted. */
export async function runJob<K extends Job['kind']>(
  job: Extract<Job, { kind: K }>,
  options: RunJobOptions = {},
): Promise<JobResults[K]> {
  const { signal, onProgress } = options;
  if (signal?.aborted) throw cancelled('cancelled');
  const control: Control = new Int32Array(new SharedArrayBuffer(8));
  const stop = (): void => void Atomics.store(control, 0, 1);
  signal?.addEventListener('abort', stop, { once: true });
  const report = (): void => onProgress?.(Atomics.load(control, 1) * 1024);
  const timer = onProgress === undefined ? undefined : setInterval(report, progressMs);
  try {
    const answer = await new Promise<JobAnswer>((settle, refuse) => {
      queue.push({ message: { job, control }, settle, refuse });
      assign();
    });
    if (signal?.aborted) throw cancelled('cancelled');
    if (!answer.ok) throw revive(answer.failure);
    report();
    return answer.result as JobResults[K];
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', stop);
  }
}

function assign(): void {
  queue = queue.filter((waiting) => {
    const isStream = isOfStream(waiting.message.job);
    const busy = [...hands].filter((hand) => {
      const job = hand.task?.message.job;
      return job !== undefined && isOfStream(job) === isStream;
    });
    if (busy.length >= (isStream ? streamHands : batchHands)) return true;
    give([...hands].find((hand) => hand.task === undefined) ?? hire(), waiting);
    return false;
  });
}

function give(hand: Hand, task: Waiting): void {
  clearTimeout(hand.idleTimer);
  hand.task = task;
  hand.worker.ref();
  hand.worker.postMessage(task.message);
}

function hire(): Hand {
  const worker = new Worker(new URL('./worker/worker.ts', import.meta.url), { execArgv: [] });
  const hand: Hand = { worker, task: undefined, idleTimer: undefined };
  hands.add(hand);
  worker.on('message', (answer: JobAnswer) => {
    const task = hand.task;
    hand.task = undefined;
    worker.unref();
    hand.idleTimer = setTimeout(() => dismiss(hand), idleMs).unref();
    task?.settle(answer);
    assign();
  });
  const fail = (thrown: Error): void => {
    hands.delete(hand);
    clearTimeout(hand.idleTimer);
    hand.task?.refuse(thrown);
    hand.task = undefined;
    assign();
  };
  worker.on('error', (thrown) => fail(internal('an archive worker failed', { cause: thrown })));
  worker.on('exit', () => fail(internal('an archive worker ended unexpectedly')));
  return hand;
}

function dismiss(hand: Hand): void {
  hands.delete(hand);
  void hand.worker.terminate();
}

function revive(failure: Failure): Error {
  const { kind, message, hint, code } = failure;
  if (kind !== undefined) return new EngineError(kind, message, hint === undefined ? {} : { hint });
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}
