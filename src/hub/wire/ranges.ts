// Byte ranges: of a blob to be read (RFC 9110, 14.2) and of a chunk being sent (distribution-spec, "Pushing a blob in chunks").
import { refuse } from '../failures.ts';

/** From `start` up to, not including, `end`. */
export interface Span {
  start: number;
  end: number;
}

/**
 * The span a `Range` header asks for; undefined where all is to be sent (no header, several ranges, another unit).
 * Throws RANGE_INVALID (416) where it lies outside of the blob.
 */
export function parseRange(header: string | undefined, sizeBytes: number): Span | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  const [, first = '', last = ''] = match;
  const span =
    first === ''
      ? { start: Math.max(0, sizeBytes - Number(last)), end: sizeBytes }
      : { start: Number(first), end: last === '' ? sizeBytes : Math.min(sizeBytes, Number(last) + 1) };
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  if (span.start < span.end) return span;
  throw refuse('RANGE_INVALID', `the blob has only ${sizeBytes} bytes`, {
    headers: { 'content-range': `bytes */${sizeBytes}` },
  });
}

/** The span of a chunk's `Content-Range`: `0-99`, also `bytes 0-99/200`. Throws RANGE_INVALID (416). */
export function parseContentRange(header: string | undefined): Span | undefined {
  if (header === undefined) return undefined;
  const match = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header.trim());
  const span = { start: Number(match?.[1]), end: Number(match?.[2]) + 1 };
  if (match === null || span.end <= span.start) {
    throw refuse('RANGE_INVALID', `invalid Content-Range: ${JSON.stringify(header.slice(0, 100))}`);
  }
  return span;
}

/** The `Range` header of an upload's answers: what is here already. */
export function formatUploadRange(offset: number): string {
  return `0-${Math.max(0, offset - 1)}`;
}
