// The one client that drives every engine of the bench: plain HTTP over a unix socket, connections kept.
import { createWriteStream } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface Api {
  /** Sends JSON, reads the whole answer; throws on a status of 400 and above. */
  call<T = unknown>(method: string, path: string, body?: object): Promise<T>;
  /** Sends bytes or nothing, counts the bytes of the answer. */
  stream(method: string, path: string, body?: Readable): Promise<number>;
  /** The whole answer as text; throws on a status of 400 and above. */
  text(method: string, path: string, headers?: Headers): Promise<string>;
  /** A GET whose answer goes into a file. */
  toFile(path: string, file: string): Promise<void>;
  close(): void;
}

type Headers = Record<string, string | number>;

export function openApi(socketPath: string): Api {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const send = (method: string, path: string, headers: Headers, body?: Buffer | Readable) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const call = request({ socketPath, agent, method, path: `/v1.41${path}`, headers }, resolve);
      call.once('error', reject);
      if (Buffer.isBuffer(body)) call.end(body);
      else if (body !== undefined) body.pipe(call);
      else call.end();
    });
  return {
    async call<T>(method: string, path: string, body?: object): Promise<T> {
      const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
      const headers: Headers =
        bytes === undefined ? {} : { 'content-type': 'application/json', 'content-length': bytes.length };
      const answer = await send(method, path, headers, bytes);
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString('utf8');
      if ((answer.statusCode ?? 0) >= 400) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
      return (text.startsWith('{') || text.startsWith('[') ? parseFirst(text) : undefined) as T;
    },
    async stream(method, path, body) {
      const answer = await send(
        method,
        path,
        body === undefined ? {} : { 'content-type': 'application/x-tar' },
        body,
      );
      let bytes = 0;
      for await (const chunk of answer) bytes += (chunk as Buffer).length;
      if ((answer.statusCode ?? 0) >= 400) throw new Error(`${method} ${path}: ${answer.statusCode}`);
      return bytes;
    },
    async text(method, path, headers = {}) {
      const answer = await send(method, path, headers);
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString('utf8');
      if ((answer.statusCode ?? 0) >= 400) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
      return text;
    },
    toFile: async (path, file) => pipeline(await send('GET', path, {}), createWriteStream(file)),
    close: () => agent.destroy(),
  };
}

/** A JSON document, or the first line of a stream of them. */
function parseFirst(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(text.split('\n')[0] ?? 'null');
  }
}
