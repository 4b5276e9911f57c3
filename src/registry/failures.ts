// What went wrong on the way to a registry, in the sentences people know from Docker.
import { STATUS_CODES } from 'node:http';
import { codeOf, EngineError, type ErrorKind, messageOf } from '#shared/errors.ts';
import { plainText } from './foreign-text.ts';

interface FailureDetails {
  /** HTTP status, where there was an answer. */
  status?: number;
  /** Code of the distribution specification (`MANIFEST_UNKNOWN`), where the answer had one. */
  code?: string;
  /** Worth trying again. */
  transient?: boolean;
  /** How long the registry asked us to wait. */
  retryAfterMs?: number;
  cause?: unknown;
  hint?: string;
  /** It was the token server that answered, not the registry. */
  byTokenServer?: boolean;
}

/** A failure of the wire or of a registry. */
export class RegistryFailure extends EngineError {
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly transient: boolean;
  readonly retryAfterMs: number | undefined;
  readonly byTokenServer: boolean;

  constructor(kind: ErrorKind, message: string, details: FailureDetails = {}) {
    super(kind, message, details);
    this.name = 'RegistryFailure';
    this.status = details.status;
    this.code = details.code;
    this.transient = details.transient ?? false;
    this.retryAfterMs = details.retryAfterMs;
    this.byTokenServer = details.byTokenServer ?? false;
  }
}

export interface Asked {
  method: string;
  url: URL;
}

const titles: Record<string, string> = { GET: 'Get', HEAD: 'Head', PUT: 'Put', POST: 'Post', PATCH: 'Patch' };
const transientCodes = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ESOCKETTIMEDOUT', 'EAI_AGAIN']);

/** A request that got no answer, or lost it half-way. */
export function wireFailure(asked: Asked, thrown: unknown): RegistryFailure {
  const code = codeOf(thrown);
  const message = `${titles[asked.method] ?? asked.method} "${asked.url.href}": ${reasonOf(asked.url, code, thrown)}`;
  const torn = code !== undefined && (transientCodes.has(code) || code.startsWith('HPE_'));
  return new RegistryFailure('unavailable', message, { transient: torn, cause: thrown });
}

function reasonOf(url: URL, code: string | undefined, thrown: unknown): string {
  const address = `${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`;
  switch (code) {
    case 'ECONNREFUSED':
      return `dial tcp ${address}: connect: connection refused`;
    case 'EHOSTUNREACH':
      return `dial tcp ${address}: connect: no route to host`;
    case 'ENETUNREACH':
      return `dial tcp ${address}: connect: network is unreachable`;
    case 'ENOTFOUND':
      return `dial tcp: lookup ${url.hostname}: no such host`;
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${url.hostname}: Temporary failure in name resolution`;
    case 'ECONNRESET':
      return `connection to ${address} was reset`;
    case 'ETIMEDOUT':
      return 'net/http: timeout awaiting an answer';
    default:
      return messageOf(thrown);
  }
}

export interface ErrorAnswer {
  status: number;
  body: Buffer;
  retryAfter?: string | undefined;
}

/** An answer with an error status (distribution-spec, "Error Codes"). */
export function statusFailure(asked: Asked, answer: ErrorAnswer): RegistryFailure {
  const first = firstError(answer.body);
  const code = first?.code;
  const message =
    first === undefined
      ? `received unexpected HTTP status: ${answer.status} from ${titles[asked.method] ?? asked.method} "${asked.url.href}"`
      : `${(first.code ?? 'UNKNOWN').toLowerCase().replaceAll('_', ' ')}: ${first.message}`;
  const transient = answer.status === 429 || answer.status >= 500 || answer.status === 408;
  return new RegistryFailure(kindOf(answer.status), message, {
    status: answer.status,
    transient,
    ...(code === undefined ? {} : { code }),
    ...retryAfterOf(answer.retryAfter),
  });
}

function kindOf(status: number): ErrorKind {
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not-found';
  return status >= 500 || status === 429 ? 'unavailable' : 'invalid';
}

function firstError(body: Buffer): { code: string | undefined; message: string } | undefined {
  try {
    const parsed: { errors?: { code?: unknown; message?: unknown }[] } = JSON.parse(body.toString('utf8'));
    const first = parsed.errors?.[0];
    if (typeof first?.code !== 'string') return undefined;
    const code = plainText(first.code);
    const message =
      typeof first.message === 'string' && first.message !== '' ? plainText(first.message) : code;
    return { code, message: message.toLowerCase() === code.toLowerCase() ? lower(message) : message };
  } catch {
    return undefined;
  }
}

const lower = (text: string): string => text.toLowerCase().replaceAll('_', ' ');

function retryAfterOf(header: string | undefined): { retryAfterMs?: number } {
  if (header === undefined) return {};
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? { retryAfterMs: Math.max(0, seconds * 1000) } : {};
}

/** `failure` as Docker words it for a pull of `name` (its familiar form, with tag or digest). */
export function pullFailure(failure: unknown, name: { reference: string; repository: string }): unknown {
  if (!(failure instanceof RegistryFailure) || failure.status === undefined) return failure;
  const said = (kind: ErrorKind, text: string) =>
    new EngineError(kind, `${text}: ${failure.message}`, {
      cause: failure,
      ...(failure.hint === undefined ? {} : { hint: failure.hint }),
    });
  if (failure.code === 'NAME_UNKNOWN') return said('not-found', `repository ${name.repository} not found`);
  if (failure.status === 404) return said('not-found', `manifest for ${name.reference} not found`);
  if (failure.status === 401 || failure.status === 403) {
    const text = `pull access denied for ${name.repository}, repository does not exist or may require 'docker login'`;
    return said('not-found', text);
  }
  return failure;
}

/** `failure` as Docker words it for a login, which asks `url`. */
export function loginFailure(failure: unknown, url: string): unknown {
  if (!(failure instanceof RegistryFailure) || failure.status === undefined) return failure;
  const { status, kind } = failure;
  const text = failure.byTokenServer
    ? `Get "${url}": ${failure.message}`
    : `login attempt to ${url} failed with status: ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd();
  return new RegistryFailure(kind, text, { status, cause: failure });
}
