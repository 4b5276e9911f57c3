// Keeps the build cache and the images that nobody uses within the room they were given.
import type { Images } from '#engine/images/images.ts';
import { messageOf } from '#shared/errors.ts';
import type { DiskBudget } from './engine-options.ts';
import type { System } from './system.ts';

export interface BudgetedRooms {
  images: Pick<Images, 'pruneToBudget'>;
  system: Pick<System, 'pruneBuildCache'>;
}

const firstMs = 60_000;
const everyMs = 600_000;

/** What is over its budget goes, the oldest first, and never what is in use. */
export async function keepWithin({ images, system }: BudgetedRooms, budget: DiskBudget): Promise<void> {
  const { cacheBytes, unusedImageBytes } = budget;
  if (cacheBytes !== undefined) {
    // To keep nothing is not to keep whatever there is.
    await system.pruneBuildCache(new Map(), { all: true, keepBytes: Math.max(1, cacheBytes) });
  }
  if (unusedImageBytes !== undefined) await images.pruneToBudget(unusedImageBytes);
}

/** Looks every ten minutes, until disposed. */
export function watchBudget(
  rooms: BudgetedRooms,
  budget: DiskBudget,
  warn: (message: string) => void,
): Disposable {
  const look = (): void => {
    keepWithin(rooms, budget).catch((thrown) => warn(`keeping the disk budget: ${messageOf(thrown)}`));
  };
  const isBound = budget.cacheBytes !== undefined || budget.unusedImageBytes !== undefined;
  const first = isBound ? setTimeout(look, firstMs).unref() : undefined;
  const again = isBound ? setInterval(look, everyMs).unref() : undefined;
  return {
    [Symbol.dispose]: () => {
      clearTimeout(first);
      clearInterval(again);
    },
  };
}
