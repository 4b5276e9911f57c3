// What the Hub refuses, in the codes of the distribution specification ("Error Codes").
import { EngineError, type ErrorKind } from '#shared/errors.ts';

interface Verdict {
  status: number;
  kind: ErrorKind;
}

const verdicts = {
  BLOB_UNKNOWN: { status: 404, kind: 'not-found' },
  BLOB_UPLOAD_INVALID: { status: 400, kind: 'invalid' },
  BLOB_UPLOAD_UNKNOWN: { status: 404, kind: 'not-found' },
  DIGEST_INVALID: { status: 400, kind: 'invalid' },
  MANIFEST_BLOB_UNKNOWN: { status: 404, kind: 'not-found' },
  MANIFEST_INVALID: { status: 400, kind: 'invalid' },
  MANIFEST_UNKNOWN: { status: 404, kind: 'not-found' },
  NAME_INVALID: { status: 400, kind: 'invalid' },
  NAME_UNKNOWN: { status: 404, kind: 'not-found' },
  SIZE_INVALID: { status: 400, kind: 'invalid' },
  UNAUTHORIZED: { status: 401, kind: 'unauthorized' },
  DENIED: { status: 403, kind: 'forbidden' },
  UNSUPPORTED: { status: 405, kind: 'unsupported' },
  TOOMANYREQUESTS: { status: 429, kind: 'unavailable' },
  // Not of the specification, but what registries answer where none of its codes fits.
  PAGINATION_NUMBER_INVALID: { status: 400, kind: 'invalid' },
  TAG_INVALID: { status: 400, kind: 'invalid' },
  RANGE_INVALID: { status: 416, kind: 'invalid' },
  NOT_FOUND: { status: 404, kind: 'not-found' },
  UNAVAILABLE: { status: 503, kind: 'unavailable' },
  UNKNOWN: { status: 500, kind: 'internal' },
} as const satisfies Record<string, Verdict>;

export type FailureCode = keyof typeof verdicts;

export interface FailureExtras {
  /** For programs: part of the JSON. */
  detail?: unknown;
  headers?: Record<string, string>;
  /** Where the code's own status does not fit. */
  status?: number;
  cause?: unknown;
}

/** A refusal with its code and HTTP status. */
export class HubFailure extends EngineError {
  readonly code: FailureCode;
  readonly status: number;
  readonly detail: unknown;
  readonly headers: Record<string, string>;

  constructor(code: FailureCode, message: string, extras: FailureExtras = {}) {
    super(verdicts[code].kind, message, extras.cause === undefined ? {} : { cause: extras.cause });
    this.name = 'HubFailure';
    this.code = code;
    this.status = extras.status ?? verdicts[code].status;
    this.detail = extras.detail;
    this.headers = extras.headers ?? {};
  }
}

export function refuse(code: FailureCode, message: string, extras?: FailureExtras): HubFailure {
  return new HubFailure(code, message, extras);
}

/** The body of an error answer. */
export function failureBody(failure: HubFailure): string {
  const { code, message, detail } = failure;
  return JSON.stringify({ errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }] });
}
