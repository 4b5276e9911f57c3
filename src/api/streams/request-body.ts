// A request's body as a stream that may be given away: whoever destroys it does not cut the client off.
import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';

/**
 * The body; ends or fails with it. When its reader has had enough, the rest is read to nowhere, so that the client
 * can finish sending and then read the answer.
 */
export function bodyOf(request: IncomingMessage): Readable {
  const body = new PassThrough();
  request.once('close', () => {
    if (!request.complete) body.destroy(new Error('the client went away'));
  });
  request.on('error', (thrown) => body.destroy(thrown));
  body.once('close', () => {
    request.unpipe(body);
    request.resume();
  });
  // Whoever reads it sees the failure; where nobody does yet, it must not end the process.
  body.on('error', () => undefined);
  return request.pipe(body);
}
