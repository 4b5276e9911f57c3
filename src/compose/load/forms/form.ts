// What a form is: the one long spelling of an attribute that users may write in several short ones.
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { isMap, type Json, type JsonMap } from '#compose/json.ts';
import { formatPath, type Path, type Place, problem } from '#compose/load/place.ts';
import { type EngineError, messageOf } from '#shared/errors.ts';

export interface Where {
  path: Path;
  /** What relative paths start from. */
  directory: string;
  placeOf: (path: Path) => Place | undefined;
}

/** The long spelling of a value; nothing where the attribute is as good as absent. */
export type Form = (value: Json, where: Where) => Json | undefined;

export function inside(where: Where, key: string | number): Where {
  return { ...where, path: [...where.path, key] };
}

/** An error that names the attribute and where it stands. */
export function wrong(where: Where, message: string, hint?: string): EngineError {
  return problem(where.placeOf(where.path), `${formatPath(where.path)}: ${message}`, hint);
}

/** What `read` gives; whatever it throws is told with the attribute and its place. */
export function placed<T>(where: Where, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    throw wrong(where, messageOf(thrown));
  }
}

/** A mapping with known attributes: each in its form, the others as they are, those that hold nothing left out. */
export function attributes(table: Readonly<Record<string, Form>>): Form {
  return (value, where) => {
    if (!isMap(value)) return value ?? undefined;
    const long: JsonMap = {};
    for (const [key, one] of Object.entries(value)) {
      if (one === null && !key.startsWith('x-')) continue;
      const form = Object.hasOwn(table, key) ? table[key] : undefined;
      const formed = form === undefined ? one : form(one, inside(where, key));
      if (formed !== undefined) long[key] = formed;
    }
    return long;
  };
}

/** A list, or a single value that stands for a list of one. */
export function listOf(form: Form): Form {
  return (value, where) => {
    const items = Array.isArray(value) ? value : [value];
    return items.flatMap((item, at) => form(item, inside(where, at)) ?? []);
  };
}

/** A mapping whose keys are the user's own; values that hold nothing stay null. */
export function valuesOf(form: Form): Form {
  return (value, where) => {
    if (!isMap(value)) return value;
    const long: JsonMap = {};
    for (const [key, one] of Object.entries(value)) long[key] = form(one, inside(where, key)) ?? null;
    return long;
  };
}

/** The absolute path: `~` is the user's home, relative ones start from the project's folder. */
export function absolutePath(path: string, directory: string): string {
  if (path === '~' || path.startsWith('~/')) return resolve(homedir(), path.slice(2));
  return resolve(directory, path);
}

/** A path on this machine. */
export const hostPath: Form = (value, where) =>
  typeof value === 'string' ? absolutePath(value, where.directory) : value;
