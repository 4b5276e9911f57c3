// What goes wrong in a Dockerfile: an invalid-input error that knows its file, line and column.
import { EngineError } from '#shared/errors.ts';

/** A place in a Dockerfile; both count from 1. */
export interface Position {
  line: number;
  column: number;
}

/** Thrown for a Dockerfile that cannot be read; the hint says where it is and what was expected there. */
export class DockerfileError extends EngineError {
  readonly file: string;
  readonly position: Position;

  constructor(file: string, position: Position, problem: { text: string; expected?: string }) {
    const expected = problem.expected === undefined ? '' : `: expected ${problem.expected}`;
    super('invalid', `dockerfile parse error on line ${position.line}: ${problem.text}`, {
      hint: `${file}:${position.line}:${position.column}${expected}`,
    });
    this.name = 'DockerfileError';
    this.file = file;
    this.position = position;
  }
}

/** What the small parsers throw: they know no file; the caller that knows the place turns it into a DockerfileError. */
export class SyntaxProblem extends Error {
  readonly expected: string | undefined;
  /** Offset in the text that was parsed, where known. */
  readonly offset: number;
  /** Offset in the whole line, for what stands before its arguments. */
  readonly at: number | undefined;

  constructor(text: string, details: { expected?: string | undefined; offset?: number; at?: number } = {}) {
    super(text);
    this.name = 'SyntaxProblem';
    this.expected = details.expected;
    this.offset = details.offset ?? 0;
    this.at = details.at;
  }
}
