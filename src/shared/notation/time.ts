// Points of time as the API writes them: RFC 3339 with nanoseconds.

/** What the API shows for a moment that never came. */
export const zeroTime = '0001-01-01T00:00:00Z';

let originMs = Date.now() - performance.now();

/** Milliseconds since the epoch with a microsecond's fraction; follows the wall clock when that is set. */
export function nowMs(): number {
  const wallMs = Date.now();
  const fineMs = originMs + performance.now();
  if (Math.abs(fineMs - wallMs) < 5) return fineMs;
  originMs = wallMs - performance.now();
  return wallMs;
}

/** This moment: `2026-01-31T12:00:00.123456000Z`. */
export function nowRfc3339Nano(): string {
  return rfc3339NanoOf(nowMs());
}

/** The text of milliseconds since the epoch, which may have a fraction. */
export function rfc3339NanoOf(ms: number): string {
  const second = Math.floor(ms / 1000);
  const nanos = Math.min(999_999_999, Math.max(0, Math.round((ms - second * 1000) * 1000) * 1000));
  return `${new Date(second * 1000).toISOString().slice(0, 19)}.${String(nanos).padStart(9, '0')}Z`;
}

/** Milliseconds since the epoch of an RFC 3339 text; 0 for one that is not, and for `zeroTime`. */
export function msOf(text: string): number {
  const ms = Date.parse(text);
  return Number.isNaN(ms) || text.startsWith('0001-') ? 0 : ms;
}
