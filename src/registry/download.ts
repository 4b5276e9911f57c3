// Blobs from a registry into a sink: resumes where a torn connection left off (distribution-spec, "Pulling blobs").
import { cancelled, unavailable } from '#shared/errors.ts';
import { shortOf } from '#shared/oci/digest.ts';
import type { Descriptor } from '#shared/oci/specs.ts';
import { RegistryFailure, wireFailure } from './failures.ts';
import { isWorthRetrying, pauseBefore, type RetryPolicy, throwIfCancelled } from './retry.ts';
import type { Answer } from './transport.ts';

/** What is at `offset` and after it is written with `write`, in order. */
export interface BlobSink {
  /** Bytes it already has; grows with each write. */
  readonly offset: number;
  write(chunk: Buffer): Promise<void>;
}

export interface BlobSource {
  /** The answer to a GET of the blob from `offset` on. */
  open(offset: number): Promise<Answer>;
  descriptor: Descriptor;
}

/** Headers of a request for what is at `offset` and after it. */
export function rangeFrom(offset: number): Record<string, string> {
  return offset === 0 ? {} : { range: `bytes=${offset}-` };
}

export interface DownloadOptions {
  policy: RetryPolicy;
  signal?: AbortSignal | undefined;
  onBytes?: ((receivedBytes: number) => void) | undefined;
}

/**
 * After it, the sink has exactly `descriptor.size` bytes; whether they are the right ones is for the sink to say.
 * A try that got further gives the later ones their full number of attempts again, twenty tries at most.
 */
export async function download(source: BlobSource, sink: BlobSink, options: DownloadOptions): Promise<void> {
  const { policy, signal } = options;
  let fruitless = 0;
  for (let tried = 1; ; tried++) {
    throwIfCancelled(signal);
    const before = sink.offset;
    try {
      return await receive(source, sink, options);
    } catch (thrown) {
      throwIfCancelled(signal);
      fruitless = sink.offset > before ? 1 : fruitless + 1;
      if (tried >= 20 || fruitless >= policy.attempts || !isWorthRetrying(thrown, policy)) throw thrown;
      await pauseBefore(fruitless, thrown, options);
    }
  }
}

async function receive(
  source: BlobSource,
  sink: BlobSink,
  { signal, onBytes }: DownloadOptions,
): Promise<void> {
  const { size, digest } = source.descriptor;
  if (sink.offset >= size) return;
  const answer = await openAt(source, sink.offset);
  let toSkip = skipOf(answer, sink.offset, digest);
  const body = answer.body[Symbol.asyncIterator]() as AsyncIterableIterator<Buffer>;
  try {
    for (;;) {
      const next = await body.next().catch((thrown) => {
        if (signal?.aborted) throw cancelled('context canceled', { cause: thrown });
        throw wireFailure({ method: 'GET', url: answer.url }, thrown);
      });
      if (next.done) break;
      const chunk = next.value.subarray(Math.min(toSkip, next.value.length));
      toSkip -= next.value.length - chunk.length;
      if (chunk.length === 0) continue;
      if (sink.offset + chunk.length > size) {
        throw unavailable(
          `layer ${shortOf(digest)}: the registry sent more than the ${size} bytes it announced`,
        );
      }
      await sink.write(chunk);
      onBytes?.(sink.offset);
    }
  } finally {
    answer.body.destroy();
  }
  if (sink.offset < size) throw torn(source.descriptor, sink.offset);
}

/** A server that refuses ranges is asked for everything. */
async function openAt(source: BlobSource, offset: number): Promise<Answer> {
  if (offset === 0) return await source.open(0);
  return await source.open(offset).catch((thrown) => {
    if (thrown instanceof RegistryFailure && thrown.status === 416) return source.open(0);
    throw thrown;
  });
}

/** What comes again, because the server does not know ranges or began earlier, is passed over. */
function skipOf(answer: Answer, offset: number, digest: string): number {
  if (answer.status !== 206) return offset;
  const start = /^bytes (\d+)-/.exec(answer.headers['content-range'] ?? '')?.[1];
  if (start === undefined) return 0;
  if (Number(start) <= offset) return offset - Number(start);
  answer.body.destroy();
  throw new RegistryFailure(
    'unavailable',
    `layer ${shortOf(digest)}: asked for bytes from ${offset}, got ${start}`,
  );
}

function torn({ digest, size }: Descriptor, got: number): RegistryFailure {
  const message = `layer ${shortOf(digest)}: the registry sent ${got} of ${size} bytes (unexpected EOF)`;
  return new RegistryFailure('unavailable', message, { transient: true });
}
