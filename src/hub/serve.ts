// The Hub on a socket: HTTP or HTTPS, its timers, and an end that waits for running answers.
import {
  createServer as createPlain,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo } from 'node:net';
import { invalid, messageOf, unavailable } from '#shared/errors.ts';
import { Guard } from './auth/guard.ts';
import type { Crypt } from './auth/passwords.ts';
import { defaultGraceMs, type Hub, openHub } from './hub.ts';
import { answerFailurePage } from './pages/failure-page.ts';
import { type ProxyOptions, PullThrough } from './proxy/pull-through.ts';
import type { Context } from './routes/context.ts';
import { dispatch } from './routes/dispatch.ts';
import { answerFailure, asFailure, type Exchange, isGone, openExchange } from './wire/exchange.ts';

export interface ServeOptions {
  /** `127.0.0.1:5000`, `[::1]:5000`, `:5000` (every address); port 0 takes a free one. */
  addr: string;
  root: string;
  /** Users' file (see auth/passwords.ts). Without one everybody who reaches the address may do everything. */
  htpasswd?: string | undefined;
  /** Checks bcrypt lines of the users' file; without it they are refused. */
  crypt?: Crypt | undefined;
  /** Pulling needs no login. */
  anonymousRead?: boolean | undefined;
  /** PEM texts. */
  tls?: { cert: string | Buffer; key: string | Buffer } | undefined;
  /** Be a cache of this registry, and nothing else: `docker.io`. */
  proxy?: string | ProxyOptions | undefined;
  quotaBytes?: number | undefined;
  /** As clients see the Hub, where something stands before it. */
  publicUrl?: string | undefined;
  /** How long unreferenced blobs are kept; a day unless told. */
  graceMs?: number | undefined;
  /** How often to collect garbage; an hour unless told, 0 never. */
  collectEveryMs?: number | undefined;
  /** Collect manifests without tags, too. */
  collectUntagged?: boolean | undefined;
  /** Failures that are ours, and what the collector did. */
  onLog?: ((line: string) => void) | undefined;
  /** Ends the Hub. */
  signal?: AbortSignal | undefined;
}

export interface ServedHub extends AsyncDisposable {
  /** `http://127.0.0.1:5000`. */
  url: string;
  hub: Hub;
}

/** The Hub answers once this resolves, until it is disposed or the signal fires. Throws `unavailable` where the address is taken. */
export async function serveHub(options: ServeOptions): Promise<ServedHub> {
  const address = parseAddress(options.addr);
  const hub = openHub(options);
  const { signal } = options;
  try {
    const proxy = openProxy(hub, options.proxy);
    const guard = new Guard(options);
    const context: Context = { hub, guard, proxy };
    const server = createServer(options, context);
    await listen(server, address);
    if (!guard.isClosed && !/^(?:127\.|::1$|localhost$)/.test(address.host ?? '')) {
      options.onLog?.(`without a users file, everybody who reaches ${options.addr} may push and delete`);
    }
    const timer = startCollecting(hub, options);
    let ending: Promise<void> | undefined;
    const end = () => {
      ending ??= close(server).finally(() => {
        clearInterval(timer);
        proxy?.[Symbol.dispose]();
        return hub[Symbol.asyncDispose]();
      });
      return ending;
    };
    signal?.addEventListener('abort', () => void end(), { once: true });
    if (signal?.aborted) await end();
    return { url: urlOf(server, options), hub, [Symbol.asyncDispose]: end };
  } catch (thrown) {
    await hub[Symbol.asyncDispose]();
    throw thrown;
  }
}

function openProxy(hub: Hub, proxy: ServeOptions['proxy']): PullThrough | undefined {
  if (proxy === undefined) return undefined;
  return new PullThrough(hub, typeof proxy === 'string' ? { upstream: proxy } : proxy);
}

function createServer(options: ServeOptions, context: Context): Server {
  const isTls = options.tls !== undefined;
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    void answer(context, { request, response, isTls }, options.onLog);
  };
  // A layer may take hours: what counts is that the connection is not silent.
  const times = { requestTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: 65_000 };
  const server =
    options.tls === undefined
      ? createPlain(times, onRequest)
      : createSecure({ ...times, ...options.tls }, onRequest);
  server.setTimeout(5 * 60_000);
  return server;
}

async function answer(
  context: Context,
  { request, response, isTls }: Pick<Exchange, 'request' | 'response' | 'isTls'>,
  onLog: ServeOptions['onLog'],
): Promise<void> {
  let exchange: Exchange | undefined;
  try {
    exchange = openExchange(request, response, isTls);
    await dispatch(context, exchange);
  } catch (thrown) {
    if (isGone(thrown)) return void response.destroy();
    if (asFailure(thrown).status >= 500) onLog?.(`${request.method} ${request.url}: ${causeText(thrown)}`);
    exchange ??= { request, response, isTls, method: 'GET', path: '', query: new URLSearchParams() };
    refuseBody(request, response);
    if (!answerFailurePage(exchange, thrown)) answerFailure(exchange, thrown);
  }
}

/**
 * A refused body is read for a while, so that the client comes to read the answer, then cut off. Closing at once would
 * reset the connection, and the answer would be lost with it.
 */
function refuseBody(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete || response.headersSent) return;
  request.resume();
  const timer = setTimeout(() => request.socket.destroy(), 10_000);
  timer.unref();
  request.once('close', () => clearTimeout(timer));
}

function causeText(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return cause === undefined ? messageOf(thrown) : `${messageOf(thrown)} (${messageOf(cause)})`;
}

function startCollecting(hub: Hub, options: ServeOptions): NodeJS.Timeout | undefined {
  const everyMs = options.collectEveryMs ?? 3_600_000;
  if (everyMs === 0) return undefined;
  const collect = async () => {
    try {
      const graceMs = options.graceMs ?? defaultGraceMs;
      const done = await hub.collect({ graceMs, untagged: options.collectUntagged ?? false });
      if (done.blobs > 0) options.onLog?.(`collected ${done.blobs} blobs, ${done.freedBytes} bytes`);
    } catch (thrown) {
      options.onLog?.(`collecting garbage failed: ${messageOf(thrown)}`);
    }
  };
  return setInterval(() => void collect(), everyMs).unref();
}

function parseAddress(addr: string): { host: string | undefined; port: number } {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(addr);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw invalid(`invalid address: ${JSON.stringify(addr)}`, { hint: 'it looks like 127.0.0.1:5000' });
  }
  const host = match[1] ?? match[2];
  return { host: host === '' ? undefined : host, port };
}

function listen(server: Server, { host, port }: { host: string | undefined; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(unavailable(`cannot listen on ${host ?? ''}:${port}: ${cause.message}`, { cause }));
    });
    server.listen(port, host, 1024, resolve);
  });
}

/** Idle connections end at once, running answers get five seconds. */
async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const timer = setTimeout(() => server.closeAllConnections(), 5_000);
  await closed;
  clearTimeout(timer);
}

function urlOf(server: Server, { tls, addr }: ServeOptions): string {
  const { port } = server.address() as AddressInfo;
  const host = addr.slice(0, addr.lastIndexOf(':'));
  return `${tls === undefined ? 'http' : 'https'}://${host === '' ? '127.0.0.1' : host}:${port}`;
}
