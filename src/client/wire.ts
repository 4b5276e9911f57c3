// Requests to one engine: agrees on the API version, turns bad answers into EngineErrors, and reads bodies.
import type { Duplex, Readable } from 'node:stream';
import { readLines } from '#client/lines.ts';
import type { Transport, WireAnswer, WireRequest } from '#client/transport.ts';
import { EngineError, type ErrorKind, httpStatusOf, unavailable } from '#shared/errors.ts';

export type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

export interface Ask {
  method?: WireRequest['method'];
  query?: Query;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is, as a tar unless `headers` say otherwise. */
  body?: Readable | Buffer;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

const newestVersion = '1.51';

export class Wire {
  readonly transport: Transport;
  readonly #headers: Readonly<Record<string, string>>;
  #prefix: Promise<string> | undefined;
  #server = '';

  constructor(transport: Transport, headers: Readonly<Record<string, string>> = {}) {
    this.transport = transport;
    this.#headers = headers;
  }

  /** `/v1.51`, or the engine's own where that is older. */
  async prefix(): Promise<string> {
    this.#prefix ??= this.#negotiate();
    return this.#prefix;
  }

  /** Name and version of the engine's program, as it tells them; empty where it does not. */
  async server(): Promise<string> {
    await this.prefix();
    return this.#server;
  }

  async #negotiate(): Promise<string> {
    const answer = await this.transport.send({ method: 'HEAD', path: '/_ping' });
    // Read to its end, so that the next request rides on the same connection.
    await readAll(answer.body);
    const { server } = answer.headers;
    this.#server = typeof server === 'string' ? server : '';
    const offered = answer.headers['api-version'];
    if (typeof offered !== 'string' || !/^1\.\d{1,3}$/.test(offered)) return '';
    return `/v${Number(offered.slice(2)) < Number(newestVersion.slice(2)) ? offered : newestVersion}`;
  }

  /** The answer, whatever its status below 400; throws the engine's error otherwise. */
  async send(path: string, ask: Ask = {}): Promise<WireAnswer> {
    const answer = await this.transport.send(await this.#request(path, ask));
    if (answer.status >= 400) throw await errorOf(answer);
    return answer;
  }

  /** The JSON of the answer. */
  async json<T>(path: string, ask: Ask = {}): Promise<T> {
    const { body } = await this.send(path, ask);
    const parsed: T = JSON.parse((await readAll(body)).toString());
    return parsed;
  }

  /** Waits for the answer; says whether the engine did something (204, 200) or nothing was to do (304). */
  async done(path: string, ask: Ask = {}): Promise<'done' | 'unchanged'> {
    const answer = await this.send(path, ask);
    await readAll(answer.body);
    return answer.status === 304 ? 'unchanged' : 'done';
  }

  /** The JSON lines of the answer, as they come. The request itself is awaited, so its error is thrown here. */
  async lines<T>(path: string, ask: Ask = {}): Promise<AsyncIterable<T>> {
    const { body } = await this.send(path, ask);
    return readLines<T>(body);
  }

  /** A raw connection in both directions. The caller owns it. */
  async upgrade(path: string, ask: Ask = {}): Promise<Duplex> {
    const answer = await this.transport.upgrade(await this.#request(path, { method: 'POST', ...ask }));
    if (!('status' in answer)) return answer;
    if (answer.status >= 400) throw await errorOf(answer);
    answer.body.destroy();
    throw unavailable(`unable to upgrade to tcp, received ${answer.status}`);
  }

  async #request(path: string, ask: Ask): Promise<WireRequest> {
    const request: WireRequest = {
      method: ask.method ?? 'GET',
      path: `${await this.prefix()}${path}${queryOf(ask.query)}`,
      headers: { ...this.#headers, ...ask.headers },
    };
    if (ask.signal !== undefined) request.signal = ask.signal;
    if (ask.body !== undefined) {
      request.body = ask.body;
      request.headers = { ...this.#headers, 'Content-Type': 'application/x-tar', ...ask.headers };
    } else if (ask.json !== undefined) {
      request.body = Buffer.from(JSON.stringify(ask.json));
      request.headers = {
        ...this.#headers,
        'Content-Type': 'application/json',
        'Content-Length': String(request.body.length),
        ...ask.headers,
      };
    } else if (request.method === 'POST' || request.method === 'PUT') {
      request.headers = { ...this.#headers, 'Content-Length': '0', ...ask.headers };
    }
    return request;
  }
}

/** `?a=1&b=x`; absent and false values are left out, lists are repeated. */
export function queryOf(query: Query | undefined): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === false || value === '') continue;
    if (value === true) parameters.append(key, '1');
    else if (typeof value === 'object') for (const item of value) parameters.append(key, item);
    else parameters.append(key, String(value));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

/** All of a body that is known to be small. */
export async function readAll(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The error that an answer of status 400 and more stands for. */
export async function errorOf(answer: WireAnswer): Promise<EngineError> {
  const text = (await readAll(answer.body)).toString().trim();
  const { message, hint } = messageIn(text);
  const sentence = message === '' ? `the engine answered with status ${answer.status}` : message;
  return new EngineError(kindOf(answer.status), sentence, hint === undefined ? {} : { hint });
}

function messageIn(text: string): { message: string; hint?: string } {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null) return { message: text };
    const message = 'message' in parsed && typeof parsed.message === 'string' ? parsed.message : text;
    return 'hint' in parsed && typeof parsed.hint === 'string' ? { message, hint: parsed.hint } : { message };
  } catch {
    return { message: text };
  }
}

const kinds: ErrorKind[] = [
  'unauthorized',
  'forbidden',
  'not-found',
  'conflict',
  'cancelled',
  'unsupported',
  'unavailable',
];

function kindOf(status: number): ErrorKind {
  const exact = kinds.find((kind) => httpStatusOf[kind] === status);
  return exact ?? (status < 500 ? 'invalid' : 'internal');
}
