// Where something stands in a file, and errors that say so.
import { type EngineError, invalid } from '#shared/errors.ts';

/** Line and column count from 1. */
export interface Place {
  file: string;
  line: number;
  column: number;
}

/** Keys from the root of a document: `['services', 'web', 'ports', 0]`. */
export type Path = readonly (string | number)[];

export interface Problem {
  at: Place | undefined;
  message: string;
  hint?: string | undefined;
}

/** `compose.yaml:3:5`, or the bare file where the place in it is not known. */
export function formatPlace(place: Place): string {
  return place.line === 0 ? place.file : `${place.file}:${place.line}:${place.column}`;
}

/** `services.web.ports[0]` */
export function formatPath(path: Path): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? key : `${text}.${key}`),
    '',
  );
}

/** One error for what is wrong in a file. Its hint says what to do next. */
export function problem(at: Place | undefined, message: string, hint?: string): EngineError {
  return problems([{ at, message, hint }]);
}

/** One error for all that is wrong, a line each, in the order of the files. */
export function problems(found: readonly Problem[]): EngineError {
  const lines = found.map(({ at, message }) =>
    at === undefined ? message : `${formatPlace(at)}: ${message}`,
  );
  const hint = found.find((one) => one.hint !== undefined)?.hint;
  return invalid([...new Set(lines)].join('\n'), hint === undefined ? {} : { hint });
}

/** Problems by file, line and column; those without a place come last. */
export function inOrder(found: readonly Problem[]): Problem[] {
  return [...found].sort(
    (a, b) =>
      Number(a.at === undefined) - Number(b.at === undefined) ||
      (a.at?.file ?? '').localeCompare(b.at?.file ?? '') ||
      (a.at?.line ?? 0) - (b.at?.line ?? 0) ||
      (a.at?.column ?? 0) - (b.at?.column ?? 0),
  );
}
