// Words that the commands on builds share.

/** `1.30 s`, `12 ms`. */
export function secondsOf(ms: number): string {
  return ms < 100 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;
}
