// What a client reads when something failed: Docker's `{"message": …}`, with our hint beside it.
import { asEngineError, codeOf, EngineError, httpStatusOf, messageOf } from '#shared/errors.ts';

export interface ErrorAnswer {
  status: number;
  body: { message: string; hint?: string };
}

/** The answer to anything that was thrown: ours by its kind, the HTTP layer's by its own status, the rest 500. */
export function errorAnswer(thrown: unknown): ErrorAnswer {
  if (thrown instanceof EngineError) {
    const body =
      thrown.hint === undefined
        ? { message: thrown.message }
        : { message: thrown.message, hint: thrown.hint };
    return { status: httpStatusOf[thrown.kind], body };
  }
  const status = statusOf(thrown);
  if (status !== undefined) return { status, body: { message: messageOf(thrown) } };
  if (codeOf(thrown) === 'ENAMETOOLONG') return { status: 400, body: { message: 'file name too long' } };
  const error = asEngineError(thrown);
  return { status: httpStatusOf[error.kind], body: { message: error.message } };
}

function statusOf(thrown: unknown): number | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('statusCode' in thrown)) return undefined;
  const status = thrown.statusCode;
  return typeof status === 'number' && status >= 400 && status < 600 ? status : undefined;
}
