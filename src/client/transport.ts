// What carries a request to an engine: a unix socket or TCP here; other carriers need only these three functions.
import type { Agent, AgentOptions, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type { HostAddress } from '#client/host.ts';
import { cancelled, codeOf, EngineError, forbidden, messageOf, unavailable } from '#shared/errors.ts';

// An import would evaluate every export, and some of them load Node's whole fetch: 20 ms of each start.
const http = () => process.getBuiltinModule('node:http');

export interface WireRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** With its query. */
  path: string;
  headers?: Record<string, string>;
  body?: string | Buffer | Readable;
  signal?: AbortSignal;
}

/** The caller owns `body`: read it to its end or destroy it. */
export interface WireAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Readable;
}

export interface Transport extends AsyncDisposable {
  /** As a user would type it after `--host`. */
  readonly address: string;
  /** Any status is an answer; throws `unavailable` where no engine answers. */
  send(request: WireRequest): Promise<WireAnswer>;
  /** A raw connection in both directions, or the refusing answer. The caller owns the socket. */
  upgrade(request: WireRequest): Promise<Duplex | WireAnswer>;
}

/** A transport over node:http. Connections are kept for the next request until it is disposed of. */
export function openTransport(host: HostAddress): Transport {
  const { agent, ask, place } = carrierOf(host);
  const start = (wire: WireRequest, own: boolean): ClientRequest =>
    ask({
      ...place,
      method: wire.method,
      path: wire.path,
      headers: { Host: 'hostname' in host ? `${host.hostname}:${host.port}` : 'wharf', ...wire.headers },
      ...(own ? { agent: false } : { agent }),
      ...(wire.signal === undefined ? {} : { signal: wire.signal }),
    });
  return {
    address: host.text,
    send: (wire) =>
      new Promise((resolve, reject) => {
        // A streaming body cannot be sent twice, so it never rides on a connection that may have gone stale.
        const request = start(wire, isStream(wire.body));
        request.once('response', (answer) => resolve(answerOf(answer)));
        request.on('error', (thrown) => reject(connectError(thrown, host)));
        writeBody(request, wire, reject);
      }),
    upgrade: (wire) =>
      new Promise((resolve, reject) => {
        const request = start(
          { ...wire, headers: { ...wire.headers, Connection: 'Upgrade', Upgrade: 'tcp' } },
          true,
        );
        request.once('upgrade', (_answer, socket, head) => {
          if (head.length > 0) socket.unshift(head);
          resolve(socket);
        });
        request.once('response', (answer) => resolve(answerOf(answer)));
        request.on('error', (thrown) => reject(connectError(thrown, host)));
        writeBody(request, wire, reject);
      }),
    async [Symbol.asyncDispose]() {
      agent.destroy();
    },
  };
}

interface Carrier {
  agent: Agent;
  ask: (options: RequestOptions) => ClientRequest;
  /** Where to connect, for every request. */
  place: RequestOptions & { servername?: string };
}

/** Without TLS no name is needed; left out, Node would look whether it is an IPv6 address: 5 ms for its pattern. */
const noName = { servername: '' };

function carrierOf(host: HostAddress): Carrier {
  const kept = { keepAlive: true, maxSockets: 64 };
  if ('ssh' in host) return sshCarrier(host, kept);
  const { Agent, request: httpRequest } = http();
  if ('socketPath' in host) {
    return { agent: new Agent(kept), ask: httpRequest, place: { socketPath: host.socketPath, ...noName } };
  }
  const place = { host: host.hostname, port: host.port };
  if (host.tls === undefined)
    return { agent: new Agent(kept), ask: httpRequest, place: { ...place, ...noName } };
  const { Agent: TlsAgent, request } = process.getBuiltinModule('node:https');
  const { verify, ...keys } = host.tls;
  const secure = { ...keys, rejectUnauthorized: verify };
  return { agent: new TlsAgent({ ...kept, ...secure }), ask: request, place: { ...place, ...secure } };
}

type Connected = (thrown: Error | null, socket: Duplex) => void;

/** Loads what starts ssh only where there is somebody to reach by it. */
function sshCarrier(host: HostAddress, kept: AgentOptions): Carrier {
  const createConnection = (_options: unknown, done?: Connected): undefined => {
    const none = new (process.getBuiltinModule('node:stream').Duplex)();
    import('#client/dial.ts').then(
      ({ dialHost }) => done?.(null, dialHost(host)),
      (thrown) => done?.(thrown, none),
    );
  };
  const { Agent, request: httpRequest } = http();
  const agent = new Agent(kept);
  agent.createConnection = createConnection;
  // A request with a connection of its own brings its way to connect; Node then asks no agent.
  const ask = (options: RequestOptions) =>
    httpRequest(options.agent === false ? { ...options, agent: undefined, createConnection } : options);
  return { agent, ask, place: noName };
}

function isStream(body: WireRequest['body']): body is Readable {
  return typeof body === 'object' && !Buffer.isBuffer(body);
}

function writeBody(request: ClientRequest, wire: WireRequest, reject: (thrown: unknown) => void): void {
  if (!isStream(wire.body)) {
    request.end(wire.body);
    return;
  }
  const { body } = wire;
  body.once('error', (thrown) => {
    reject(thrown);
    request.destroy();
  });
  // The engine may answer (with an error) before it has read all of it.
  request.once('close', () => body.destroy());
  body.pipe(request);
}

function answerOf(answer: IncomingMessage): WireAnswer {
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: answer };
}

/** What a failed connection means to a user. */
export function connectError(thrown: unknown, host: HostAddress): Error {
  const code = codeOf(thrown);
  if (thrown instanceof EngineError) return thrown;
  if (thrown instanceof Error && (thrown.name === 'AbortError' || code === 'ABORT_ERR')) {
    return cancelled('cancelled', { cause: thrown });
  }
  const absent = [
    'ENOENT',
    'ECONNREFUSED',
    'ENOTSOCK',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ETIMEDOUT',
    'ENOTFOUND',
    'EAI_AGAIN',
  ];
  if (code !== undefined && absent.includes(code)) {
    return unavailable(`Cannot connect to the Wharf daemon at ${host.text}. Is the daemon running?`, {
      cause: thrown,
      hint: 'start it with: wharf daemon (as root), or name another engine with --host or WHARF_HOST',
    });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return forbidden(`permission denied while trying to connect to the Wharf daemon socket at ${host.text}`, {
      cause: thrown,
      hint: 'run the command as root, or as a user who may write to the socket',
    });
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    return unavailable(`the daemon at ${host.text} closed the connection`, { cause: thrown });
  }
  return unavailable(`error during connect to ${host.text}: ${messageOf(thrown)}`, { cause: thrown });
}
