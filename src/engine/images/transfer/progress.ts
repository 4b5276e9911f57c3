// Progress lines as `docker pull` and `docker push` get them, few enough to read.
import type { ProgressLine } from '#shared/contract/image.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';

export type OnProgress = (line: ProgressLine) => void;

const betweenMs = 100;

/** Lines of one pull or push. `counted` is throttled to ten a second and thing; `step` never is. */
export class Progress {
  readonly #onProgress: OnProgress;
  #lastAtMs = new Map<string, number>();

  constructor(onProgress: OnProgress | undefined) {
    this.#onProgress = onProgress ?? (() => {});
  }

  line(line: ProgressLine): void {
    this.#onProgress(line);
  }

  step(id: string, status: string): void {
    this.#lastAtMs.delete(id);
    this.#onProgress({ status, progressDetail: {}, id });
  }

  counted(id: string, status: string, count: { current: number; total: number }): void {
    const now = Date.now();
    if (now - (this.#lastAtMs.get(id) ?? 0) < betweenMs) return;
    this.#lastAtMs.set(id, now);
    this.#onProgress({ status, progressDetail: count, progress: barOf(count), id });
  }
}

/** `[=====>     ]  1.2MB/3.4MB`. */
export function barOf({ current, total }: { current: number; total: number }): string {
  const have = formatBytesDecimal(current).padStart(8);
  if (total <= 0) return have;
  const filled = Math.min(50, Math.floor((current / total) * 50));
  const head = filled < 50 ? '>' : '';
  const bar = `[${'='.repeat(filled)}${head}${' '.repeat(Math.max(0, 49 - filled))}]`;
  return `${bar} ${have}/${formatBytesDecimal(total)}`;
}
