// Moments in queries (`since`, `until`).
import { parseTimestamp, type Timestamp } from '#shared/notation/duration.ts';

/** The moment that was sent; Docker's clients send 0 and an empty text for "no bound". */
export function momentOf(sent: string | undefined): Timestamp | undefined {
  return sent === undefined || sent === '' || sent === '0' ? undefined : parseTimestamp(sent, Date.now());
}
