// HTTP with kept-alive connections: sends one request, follows redirects, times out on silence.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { cancelled } from '#shared/errors.ts';
import { Agents, type AgentsOptions, proxiesOf } from './agents.ts';
import { defaultCertsDirs } from './certificates.ts';
import { RegistryFailure, wireFailure } from './failures.ts';

export interface Sent {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST';
  url: URL;
  headers?: Record<string, string>;
  /** A stream must be made anew for each try, and `content-length` be set. */
  body?: Buffer | Readable;
  signal?: AbortSignal | undefined;
}

export interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  /** Must be read to its end or destroyed. */
  body: IncomingMessage;
  /** Where the answer came from, after redirects. */
  url: URL;
}

export interface Transport extends Disposable {
  send(sent: Sent): Promise<Answer>;
}

/** `certsDirs` are Docker's and ours unless told, `proxies` the environment's. */
export interface TransportOptions extends Partial<AgentsOptions> {
  /** Silence on a connection after which it counts as broken. */
  idleTimeoutMs: number;
  /** As that, once a PUT was sent: some registries copy a big layer before they answer. Five minutes unless told. */
  storingTimeoutMs?: number;
}

const redirects = new Set([301, 302, 303, 307, 308]);
const storingMs = 5 * 60_000;

/** Owns its connections until disposed. */
export function openTransport({ idleTimeoutMs, storingTimeoutMs, ...options }: TransportOptions): Transport {
  const { certsDirs = defaultCertsDirs, insecure = [], proxies = proxiesOf(process.env) } = options;
  const agents = new Agents({ certsDirs, insecure, proxies });
  const patience = {
    idleTimeoutMs,
    storingTimeoutMs: Math.max(idleTimeoutMs, storingTimeoutMs ?? storingMs),
  };
  const once = (sent: Sent) => sendOnce(sent, agents, patience);
  return {
    send: (sent) => follow(sent, once),
    [Symbol.dispose]() {
      agents[Symbol.dispose]();
    },
  };
}

async function follow(sent: Sent, once: (sent: Sent) => Promise<Answer>): Promise<Answer> {
  let next = sent;
  for (let hops = 0; hops <= 5; hops++) {
    const answer = await once(next);
    const location = answer.headers.location;
    if (location === undefined || !mayFollow(next, answer.status)) return answer;
    answer.body.resume();
    next = redirected(next, location);
  }
  throw new RegistryFailure('unavailable', `Get "${sent.url.href}": stopped after 5 redirects`);
}

/** Only what can be sent again, and with 307 and 308 alone what is more than a question (RFC 9110, 15.4). */
function mayFollow({ method, body }: Sent, status: number): boolean {
  if (method === 'GET' || method === 'HEAD') return redirects.has(status);
  return (status === 307 || status === 308) && (body === undefined || Buffer.isBuffer(body));
}

function redirected(sent: Sent, location: string): Sent {
  const url = URL.canParse(location, sent.url.href) ? new URL(location, sent.url) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new RegistryFailure(
      'unavailable',
      `Get "${sent.url.href}": redirected to ${JSON.stringify(location)}`,
    );
  }
  const headers = { ...sent.headers };
  // A storage host must not learn the registry's token; some even refuse a request that has one.
  if (url.origin !== sent.url.origin) delete headers['authorization'];
  return { ...sent, url, headers };
}

function sendOnce(
  sent: Sent,
  agents: Agents,
  { idleTimeoutMs, storingTimeoutMs }: Required<Pick<TransportOptions, 'idleTimeoutMs' | 'storingTimeoutMs'>>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method, url, headers, signal } = sent;
    const isTls = url.protocol === 'https:';
    const options = {
      method,
      headers: { 'user-agent': 'wharf/0.1', ...headers },
      ...(signal ? { signal } : {}),
    };
    const asked = isTls
      ? httpsRequest(url, { ...options, agent: agents.secure(url) })
      : httpRequest(url, { ...options, agent: agents.plain(url) });
    let patienceMs = idleTimeoutMs;
    asked.setTimeout(idleTimeoutMs, () =>
      asked.destroy(Object.assign(new Error(`no byte for ${patienceMs} ms`), { code: 'ETIMEDOUT' })),
    );
    if (method === 'PUT') {
      asked.once('finish', () => {
        patienceMs = storingTimeoutMs;
        asked.setTimeout(storingTimeoutMs);
      });
    }
    asked.on('response', (body) =>
      resolve({ status: body.statusCode ?? 0, headers: body.headers, body, url }),
    );
    asked.on('error', (thrown) =>
      reject(signal?.aborted ? cancelled('context canceled', { cause: thrown }) : wireFailure(sent, thrown)),
    );
    if (sent.body === undefined || Buffer.isBuffer(sent.body)) asked.end(sent.body);
    else
      pipeline(sent.body, asked, (thrown) => {
        if (thrown) reject(signal?.aborted ? cancelled('context canceled') : wireFailure(sent, thrown));
      });
  });
}

/** The whole body of a small answer; throws when it is longer than `maxBytes` or torn. */
export async function readSmall(asked: Sent, answer: Answer, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let total = 0;
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      total += chunk.length;
      if (total > maxBytes) break;
      chunks.push(chunk);
    }
  } catch (thrown) {
    if (asked.signal?.aborted) throw cancelled('context canceled', { cause: thrown });
    throw wireFailure(asked, thrown);
  }
  if (total > maxBytes) {
    throw new RegistryFailure(
      'unavailable',
      `Get "${asked.url.href}": answer is longer than ${maxBytes} bytes`,
    );
  }
  return Buffer.concat(chunks);
}
