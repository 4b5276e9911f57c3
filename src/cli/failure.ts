// How failures are shown, and failures that bring their own exit code.
import { asEngineError, EngineError, type ErrorDetails } from '#shared/errors.ts';

/** For commands that have their own say in the exit code, as `run` with 125. Without a cause nothing is printed. */
export class ExitError extends Error {
  readonly code: number;
  constructor(code: number, cause?: unknown) {
    super('', { cause });
    this.code = code;
  }
}

/** A flag that is not there, or whose text cannot be read: 125, as from Docker's own. */
export class BadFlag extends EngineError {
  constructor(message: string, details: ErrorDetails = {}) {
    super('invalid', message, details);
  }
}

/** `wharf: message`, and what to do next on a line of its own. */
export function printError(thrown: unknown, debug = false): void {
  const error = asEngineError(thrown);
  process.stderr.write(`wharf: ${error.message}\n`);
  if (error.hint !== undefined) process.stderr.write(`hint: ${error.hint}\n`);
  const unexpected = !(thrown instanceof EngineError || isAboutFile(thrown));
  if (debug || unexpected)
    process.stderr.write(`${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
}

/** What the file system says of a path is for the user to mend: where our code asked says nothing. */
function isAboutFile(thrown: unknown): boolean {
  return thrown instanceof Error && 'syscall' in thrown && 'path' in thrown;
}
