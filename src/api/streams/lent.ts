// Many bytes as an answer, through one piece of memory that is used again for each of them.
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

/** A stream that can lend its bytes out in place of giving them away. */
export interface Lender extends Readable {
  /** Each piece is overwritten once the promise for it has resolved. */
  lend(use: (piece: Buffer) => Promise<void>): Promise<void>;
}

/**
 * Sends the stream as the body, with the headers that were set. A failure before the first byte is an error answer;
 * later it cuts the connection, so that the client sees a torn body and not a whole one.
 */
export async function sendLent(reply: FastifyReply, stream: Lender): Promise<FastifyReply> {
  const response = reply.raw;
  // Only the kernel has copied the bytes when they are written: a pair of streams in this process hands them on.
  if (!(response.socket instanceof Socket)) return reply.send(stream);
  response.once('close', () => stream.destroy());
  try {
    await stream.lend(async (piece) => {
      if (!reply.sent) reply.hijack().raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
      await written(response, piece);
    });
    response.end();
  } catch (thrown) {
    if (!reply.sent) throw thrown;
    response.destroy();
  }
  return reply;
}

/** Resolves when the kernel has the bytes. */
function written(response: ServerResponse, piece: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    response.write(piece, (thrown) => (thrown ? reject(thrown) : resolve()));
  });
}
