// The one error type of the house, its kinds, and what each kind becomes on the wire and in a shell.

export type ErrorKind =
  | 'invalid'
  | 'not-found'
  | 'conflict'
  | 'unauthorized'
  | 'forbidden'
  | 'unavailable'
  | 'unsupported'
  | 'cancelled'
  | 'internal';

export interface ErrorDetails {
  /** What the user can do next, as one sentence. */
  hint?: string;
  cause?: unknown;
}

/**
 * A failure that a user may see. The message names the thing as the user typed it and uses Docker's known
 * sentence where there is one; the hint says what to do next.
 */
export class EngineError extends Error {
  readonly kind: ErrorKind;
  readonly hint: string | undefined;

  constructor(kind: ErrorKind, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'EngineError';
    this.kind = kind;
    this.hint = details.hint;
  }
}

/** HTTP status of each kind, as the Docker Engine API uses them. */
export const httpStatusOf: Record<ErrorKind, number> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  cancelled: 499,
  internal: 500,
  unsupported: 501,
  unavailable: 503,
};

/** Exit code of the CLI for each kind. `run` has its own (125, 126, 127). */
export const exitCodeOf: Record<ErrorKind, number> = {
  invalid: 1,
  'not-found': 1,
  conflict: 1,
  unauthorized: 1,
  forbidden: 1,
  unavailable: 1,
  unsupported: 1,
  cancelled: 130,
  internal: 1,
};

type Maker = (message: string, details?: ErrorDetails) => EngineError;
const maker =
  (kind: ErrorKind): Maker =>
  (message, details) =>
    new EngineError(kind, message, details);

export const invalid = maker('invalid');
export const notFound = maker('not-found');
export const conflict = maker('conflict');
export const unauthorized = maker('unauthorized');
export const forbidden = maker('forbidden');
export const unavailable = maker('unavailable');
export const unsupported = maker('unsupported');
export const cancelled = maker('cancelled');
export const internal = maker('internal');

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Anything that was thrown, as an EngineError: ours as it is, an abort as `cancelled`, the rest as `internal`. */
export function asEngineError(thrown: unknown): EngineError {
  if (thrown instanceof EngineError) return thrown;
  // A failure whose clean-up failed too: people want to know of the first.
  if (thrown instanceof SuppressedError) return asEngineError(thrown.suppressed);
  if (thrown instanceof Error && thrown.name === 'AbortError')
    return cancelled(thrown.message, { cause: thrown });
  return internal(messageOf(thrown), { cause: thrown });
}

/** True where the thrown thing is ours and of one of these kinds. */
export function isKind(thrown: unknown, ...kinds: ErrorKind[]): boolean {
  return thrown instanceof EngineError && kinds.includes(thrown.kind);
}

/** The `code` of a system error (`ENOENT`, `EBUSY`, …), where it has one. */
export function codeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}
