// `Upgrade: tcp`: attach and exec turn their HTTP connection into the program's stdin and output.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { frameHeader, multiplexedStream, rawStream } from '#api/streams/mux.ts';
import { closeSoon, type JoinOptions, joinSession, type Session } from '#api/streams/session.ts';
import { readUpgradeBody } from '#api/streams/upgrade-body.ts';
import { acceptWebSocket, webSocketStream } from '#api/streams/web-socket.ts';
import { errorAnswer } from '#api/wire/error-answer.ts';
import { escapeImageName, stripVersion } from '#api/wire/version.ts';

/** A program that is ready to be joined, or the text to show because it could not be started. */
export type Opened = ({ session: Session } | { failure: string }) & JoinOptions & { stdin: boolean };

/** One path that may be upgraded. `open` throws what becomes an ordinary error answer. */
export interface UpgradeRoute {
  readonly path: RegExp;
  /** `tcp`: the bare connection, by POST; `websocket`: its messages, by GET. */
  readonly protocol: 'tcp' | 'websocket';
  open(id: string, request: { query: URLSearchParams; body: Buffer }): Promise<Opened>;
}

export interface Upgrades {
  /** Whether Node shall leave this request to `serve`. */
  wants(request: IncomingMessage): boolean;
  serve(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
}

/** The paths of `routes`; `headers` go with every answer. */
export function openUpgrades(routes: readonly UpgradeRoute[], headers: Record<string, string>): Upgrades {
  const find = (url: string): { route: UpgradeRoute; id: string } | undefined => {
    const path = url.split('?', 1)[0] ?? '';
    for (const route of routes) {
      const id = route.path.exec(path)?.[1];
      if (id !== undefined) return { route, id: decodeURIComponent(id) };
    }
    return undefined;
  };
  const serve = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    socket.on('error', () => socket.destroy());
    try {
      const url = stripVersion(request.url ?? '/');
      const found = find(url);
      if (found === undefined) throw new Error('page not found');
      const { body, rest } = await readUpgradeBody(socket, head, request.headers);
      const query = new URL(url, 'http://wharf').searchParams;
      const { protocol } = found.route;
      const accepted = protocol === 'websocket' ? acceptWebSocket(request.headers) : undefined;
      const opened = await found.route.open(found.id, { query, body });
      if (accepted !== undefined) {
        socket.write(statusLines('101 Switching Protocols', { ...headers, ...accepted }));
        await joinWebSocket(opened, socket, rest);
        return;
      }
      socket.write(statusLines('101 UPGRADED', { ...headers, ...upgradedHeaders(opened.tty) }));
      await join(opened, { sink: socket, input: opened.stdin ? socket : undefined, head: rest });
      if (!opened.stdin) closeSoon(socket);
    } catch (thrown) {
      writeError(socket, headers, thrown);
    }
  };
  return {
    wants: (request) => wantsUpgrade(request, find),
    serve,
  };
}

function wantsUpgrade(
  request: IncomingMessage,
  find: (url: string) => { route: UpgradeRoute } | undefined,
): boolean {
  try {
    const found = find(escapeImageName('POST', stripVersion(request.url ?? '/')));
    if (found === undefined) return false;
    if (found.route.protocol === 'tcp') return request.method === 'POST';
    return request.method === 'GET' && request.headers.upgrade?.toLowerCase() === 'websocket';
  } catch {
    return false;
  }
}

/** Joins a client without `Upgrade` on its plain answer, which ends with the connection. */
export async function joinPlainly(opened: Opened, response: ServerResponse): Promise<void> {
  response.useChunkedEncodingByDefault = false;
  response.shouldKeepAlive = false;
  response.writeHead(200, { 'Content-Type': rawStream });
  response.flushHeaders();
  await join(opened, { sink: response, input: undefined, head: Buffer.alloc(0) });
}

/** Messages carry the output bare, as with a terminal: a WebSocket has no second stream. */
async function joinWebSocket(opened: Opened, socket: Duplex, head: Buffer): Promise<void> {
  const stream = webSocketStream(socket, head, { text: false });
  stream.on('error', () => undefined);
  const input = opened.stdin ? stream : undefined;
  if (input === undefined) stream.resume();
  await join({ ...opened, tty: true }, { sink: stream, input, head: Buffer.alloc(0) });
  closeSoon(socket);
}

async function join(opened: Opened, link: Parameters<typeof joinSession>[0]): Promise<void> {
  if ('session' in opened) return joinSession(link, opened.session, opened);
  const text = Buffer.from(`${opened.failure}\r\n`);
  link.sink.end(opened.tty ? text : Buffer.concat([frameHeader(1, text.length), text]));
  if (link.input !== undefined) closeSoon(link.input);
}

const contentTypeOf = (tty: boolean): string => (tty ? rawStream : multiplexedStream);

const upgradedHeaders = (tty: boolean): Record<string, string> => ({
  'Content-Type': contentTypeOf(tty),
  Connection: 'Upgrade',
  Upgrade: 'tcp',
});

function writeError(socket: Duplex, headers: Record<string, string>, thrown: unknown): void {
  if (socket.destroyed) return;
  const { status, body } = errorAnswer(thrown);
  const text = `${JSON.stringify(body)}\n`;
  const own = {
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(text)),
    Connection: 'close',
  };
  socket.end(statusLines(`${status} Error`, { ...headers, ...own }) + text);
  closeSoon(socket);
}

function statusLines(status: string, headers: Record<string, string>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`;
}
