// Values of the normalised project as the engine wants them: numbers of bytes, nanoseconds, seconds.
import { parseDuration } from '#shared/notation/duration.ts';

/** Bytes of a text such as `536870912`; undefined stays so. */
export function bytesOf(text: unknown): number | undefined {
  return typeof text === 'string' || typeof text === 'number' ? Number(text) : undefined;
}

export function nanosOf(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : parseDuration(duration);
}

/** Whole seconds, rounded up. */
export function secondsOf(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : Math.ceil(parseDuration(duration) / 1e9);
}

/** The object without the keys that hold nothing. */
export function defined<T extends object>(object: { [K in keyof T]?: T[K] | undefined }): Partial<T> {
  const kept: Partial<T> = {};
  for (const key in object) {
    const value = object[key];
    if (value !== undefined) kept[key] = value;
  }
  return kept;
}
