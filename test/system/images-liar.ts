// A registry with one image that can be made to lie, stall or fail.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { digestOf, type MadeImage } from './images-fixture.ts';

/** Answers in the registry's place where it gives true. */
export type Twist = (request: IncomingMessage, response: ServerResponse, bytes: Buffer) => boolean;

export interface Liar extends AsyncDisposable {
  host: string;
  asked: string[];
}

/** A registry with one image, which lets `twist` answer first. */
export async function serve(
  image: MadeImage,
  twist: Twist,
  more: Record<string, Buffer> = {},
): Promise<Liar> {
  const blobs = new Map(
    [image.config, image.manifest, ...image.layers.map(({ bytes }) => bytes)].map((b) => [digestOf(b), b]),
  );
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const name = request.url?.split('/').at(-1) ?? '';
    const plain = name.replace(/\?.*$/, '');
    const bytes =
      plain === 'latest' ? image.manifest : (more[plain] ?? blobs.get(name as `sha256:${string}`));
    asked.push(name);
    if (bytes === undefined) return void response.writeHead(404).end();
    if (twist(request, response, bytes)) return;
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from });
    response.end(bytes.subarray(from));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return {
    host: `127.0.0.1:${address.port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
