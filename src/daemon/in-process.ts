// A client and a server in one process: HTTP over pairs of streams instead of sockets.
import { type ClientRequest, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { duplexPair, Readable } from 'node:stream';
import type { Transport, WireAnswer, WireRequest } from '#client/transport.ts';

/** A transport whose connections are pairs of streams that `server` serves like sockets. */
export function joinInProcess(server: Server): Transport {
  const start = (wire: WireRequest): ClientRequest => {
    const [near, far] = duplexPair();
    server.emit('connection', far);
    const request = httpRequest({
      createConnection: () => near,
      method: wire.method,
      path: wire.path,
      headers: { Host: 'wharf', ...wire.headers },
      ...(wire.signal === undefined ? {} : { signal: wire.signal }),
    });
    if (wire.body instanceof Readable) wire.body.pipe(request);
    else request.end(wire.body);
    return request;
  };
  return {
    address: 'embedded',
    send: (wire) =>
      new Promise((resolve, reject) => {
        start(wire)
          .once('response', (answer) => resolve(answerOf(answer)))
          .on('error', reject);
      }),
    upgrade: (wire) =>
      new Promise((resolve, reject) => {
        start({ ...wire, headers: { ...wire.headers, Connection: 'Upgrade', Upgrade: 'tcp' } })
          .once('upgrade', (_answer, socket, head) => {
            if (head.length > 0) socket.unshift(head);
            resolve(socket);
          })
          .once('response', (answer) => resolve(answerOf(answer)))
          .on('error', reject);
      }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

const answerOf = (answer: IncomingMessage): WireAnswer => ({
  status: answer.statusCode ?? 0,
  headers: answer.headers,
  body: answer,
});
