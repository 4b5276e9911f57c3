// Rounds that the machine below disturbed: where this machine is a guest, its processors are taken away at times.
import { readFileSync } from 'node:fs';

/** What a round may lose, for its figure to be that of the work. */
const mostStolenMs = 20;
const mostAttempts = 8;
/** The kernel counts in hundredths of a second here, whatever its own clock (proc_stat(5)). */
const tickMs = 10;

/** How long, since the boot, processors of this machine were wanted and not there. */
export function stolenMs(): number {
  const fields = readFileSync('/proc/stat', 'utf8').split('\n')[0]?.trim().split(/\s+/) ?? [];
  return Number(fields[8] ?? 0) * tickMs;
}

/**
 * The figure of the first round during which the machine was all there; of several that were disturbed, that of the
 * least. For figures that a few milliseconds decide.
 */
export async function undisturbed(round: () => Promise<number>): Promise<number> {
  let best = { lostMs: Number.POSITIVE_INFINITY, figure: Number.NaN };
  for (let attempt = 0; attempt < mostAttempts && best.lostMs > mostStolenMs; attempt++) {
    const beforeMs = stolenMs();
    const figure = await round();
    const lostMs = stolenMs() - beforeMs;
    if (lostMs < best.lostMs) best = { lostMs, figure };
  }
  return best.figure;
}
