// One request and its answer, as the routes see them.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { asEngineError, codeOf } from '#shared/errors.ts';
import { failureBody, HubFailure, refuse } from '../failures.ts';

/** Who asks, and what a token lets them do (undefined where there is no token: the rights file alone says). */
export interface Identity {
  user: string | undefined;
  access?: { type: string; name: string; actions: string[] }[];
}

export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** GET, HEAD, … */
  method: string;
  /** Decoded, without the query. */
  path: string;
  query: URLSearchParams;
  isTls: boolean;
}

/** Takes a request apart. Throws NOT_FOUND where the path is no text at all. */
export function openExchange(request: IncomingMessage, response: ServerResponse, isTls: boolean): Exchange {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  const rawPath = mark < 0 ? url : url.slice(0, mark);
  return { request, response, method: request.method ?? 'GET', path: decodePath(rawPath), query, isTls };
}

function decodePath(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch (cause) {
    throw refuse('NOT_FOUND', 'the path is not encoded well', { cause, status: 400 });
  }
}

/** Answers without a body. */
export function answerEmpty(exchange: Exchange, status: number, headers: Record<string, string> = {}): void {
  exchange.response.writeHead(status, { 'content-length': '0', ...headers }).end();
}

/** Answers with JSON; to HEAD with its headers alone. */
export function answerJson(
  exchange: Exchange,
  value: unknown,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): void {
  answerBytes(exchange, Buffer.from(JSON.stringify(value)), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  });
}

export function answerBytes(
  exchange: Exchange,
  bytes: Buffer,
  { status, headers }: { status: number; headers: Record<string, string> },
): void {
  exchange.response.writeHead(status, { 'content-length': String(bytes.length), ...headers });
  exchange.response.end(exchange.method === 'HEAD' ? undefined : bytes);
}

/** Answers with the failure, or tears the connection where the answer has begun: a broken blob must not look whole. */
export function answerFailure(exchange: Exchange, thrown: unknown): void {
  const { response } = exchange;
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const failure = asFailure(thrown);
  const headers = { 'content-type': 'application/json', ...failure.headers };
  answerBytes(exchange, Buffer.from(failureBody(failure)), { status: failure.status, headers });
}

/** True where the other end went away: there is nobody to answer. */
export function isGone(thrown: unknown): boolean {
  return goneCodes.has(codeOf(thrown) ?? '');
}

const goneCodes = new Set([
  'ECONNRESET',
  'EPIPE',
  // What was waiting to be written when the socket was closed.
  'ECANCELED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
  'ABORT_ERR',
]);

/** Anything thrown, with a code of the specification. What we do not know is told without its details. */
export function asFailure(thrown: unknown): HubFailure {
  if (thrown instanceof HubFailure) return thrown;
  const known = asEngineError(thrown);
  const isFull = known.message.startsWith('no space left on device');
  const text = isFull ? 'no space left on the hub: nothing was stored' : 'something failed inside the hub';
  return refuse('UNKNOWN', text, { cause: thrown, ...(isFull ? { status: 507 } : {}) });
}

/** The whole body of a small request. Throws SIZE_INVALID (413) past the limit. */
export async function readSmall(exchange: Exchange, maxBytes: number): Promise<Buffer> {
  const { request } = exchange;
  const tooLarge = () =>
    refuse('SIZE_INVALID', `at most ${maxBytes} bytes are accepted here`, { status: 413 });
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let total = 0;
  // Not `for await`: leaving it early would destroy the request, and with it the answer.
  await new Promise<void>((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      total += chunk.length;
      if (total > maxBytes) reject(tooLarge());
      else chunks.push(chunk);
    });
    request.on('end', resolve);
    request.on('error', reject);
  });
  return Buffer.concat(chunks);
}
