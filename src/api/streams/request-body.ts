// A request's body as a stream that may be given away: whoever destroys it does not cut the client off.
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { markSole } from '#shared/sole.ts';

/**
 * The body; ends or fails with it. When its reader has had enough, the rest is read to nowhere, so that the client
 * can finish sending and then read the answer.
 */
export function bodyOf(request: IncomingMessage): Readable {
  const take = (chunk: Buffer): void => {
    if (!body.push(chunk)) request.pause();
  };
  const body = new Readable({
    highWaterMark: 1 << 20,
    read: () => void request.resume(),
    destroy: (thrown, done) => {
      request.off('data', take).resume();
      done(thrown);
    },
  });
  request.once('close', () => {
    if (!request.complete) body.destroy(new Error('the client went away'));
  });
  request.on('error', (thrown) => body.destroy(thrown));
  request.once('end', () => body.push(null));
  // Whoever reads it sees the failure; where nobody does yet, it must not end the process.
  body.on('error', () => undefined);
  request.on('data', take);
  // A pair of streams in this process hands on what somebody else has; what the kernel gave is ours alone.
  return request.socket instanceof Socket ? markSole(body) : body;
}

const longestRestMs = 10_000;

/**
 * Resolves when what the client still sends was read to nowhere, or when that takes too long. Without it a connection
 * that ends with its answer is cut while the client sends, and the client never reads the answer.
 */
export function restOf(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const settle = (): void => {
      clearTimeout(timer);
      request.off('end', settle).off('close', settle);
      resolve();
    };
    const timer = setTimeout(settle, longestRestMs);
    request.once('end', settle).once('close', settle);
    request.unpipe();
    request.resume();
  });
}
