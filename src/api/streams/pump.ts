// Streams out of the engine into an HTTP answer, no faster than the client reads.
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { asEngineError } from '#shared/errors.ts';

/** Aborts when the client goes away before the whole answer was sent. */
export function signalOf(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}

/** Takes the answer over from the framework and sends its headers at once. Returns the bare response. */
export function beginStream(reply: FastifyReply, headers: Record<string, string>): ServerResponse {
  reply.hijack();
  const response = reply.raw;
  response.writeHead(200, headers);
  response.flushHeaders();
  return response;
}

/** Writes one piece and waits while the client is behind. False once the client is gone. */
export async function writeSlowly(sink: ServerResponse | Duplex, piece: Buffer | string): Promise<boolean> {
  if (sink.destroyed) return false;
  if (sink.write(piece)) return true;
  await drained(sink);
  return !sink.destroyed;
}

function drained(sink: ServerResponse | Duplex): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      sink.off('drain', settle).off('close', settle);
      resolve();
    };
    sink.on('drain', settle).on('close', settle);
  });
}

/** Throws where `answer` fails at once (nothing was sent yet, so it can be an error answer); else returns at once. */
export async function accepted(answer: Promise<unknown>): Promise<void> {
  await Promise.race([answer, new Promise((resolve) => setImmediate(resolve))]);
}

/**
 * Sends every piece and ends the answer. A failure on the way cannot change the status any more: the connection is
 * cut, so that the client sees a torn stream and not a whole one.
 */
export async function pump(response: ServerResponse, pieces: AsyncIterable<Buffer | string>): Promise<void> {
  try {
    if (await carry(response, pieces)) response.end();
  } catch (thrown) {
    if (asEngineError(thrown).kind === 'cancelled') response.end();
    else response.destroy();
  }
}

/** Gets the next piece while the client takes this one. False once the client is gone. */
async function carry(response: ServerResponse, pieces: AsyncIterable<Buffer | string>): Promise<boolean> {
  const source = pieces[Symbol.asyncIterator]();
  let coming = source.next();
  for (;;) {
    const { done, value } = await coming;
    if (done === true) return true;
    coming = source.next();
    // Its failure is met when it is awaited, which may be a while.
    coming.catch(() => undefined);
    if (await writeSlowly(response, value)) continue;
    await source.return?.();
    return false;
  }
}

/** Each value as one JSON line. */
export async function* jsonLines(values: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const value of values) yield `${JSON.stringify(value)}\n`;
}
