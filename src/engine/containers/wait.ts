// Wait: the exit code of a container, now or when it comes.
import type { WaitAnswer } from '#shared/contract/container.ts';
import { cancelled } from '#shared/errors.ts';
import type { ExitNews } from './record/live.ts';
import { type ContainerRecord, isUp } from './record/record.ts';
import type { Room } from './room.ts';

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

/** A reader that has stopped reading does not hold up the others for longer. */
const longestDrainMs = 250;

/** Watching begins with the call: what happens after it is not missed. Rejects as `cancelled` on abort. */
export function waitFor(
  room: Room,
  record: ContainerRecord,
  condition: WaitCondition,
  signal?: AbortSignal,
): Promise<WaitAnswer> {
  const over = !isUp(record) && record.phase !== 'restarting' && record.phase !== 'starting';
  if (condition === 'not-running' && over) return Promise.resolve(answerOf(record));
  return new Promise((resolve, reject) => {
    const live = room.live.of(record.id);
    const told = (news: ExitNews): void => {
      signal?.removeEventListener('abort', onAbort);
      // Clients take the answer for the end of the output too: those who are attached get it first.
      if (live.streams.size === 0) resolve(answerOf(news));
      else void live.drained(longestDrainMs).then(() => resolve(answerOf(news)));
    };
    const forget = live.onNext(condition === 'removed' ? 'removed' : 'exit', told);
    const onAbort = (): void => {
      forget();
      reject(cancelled('the wait was given up'));
    };
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function answerOf({ exitCode, error }: ExitNews): WaitAnswer {
  return error === '' ? { StatusCode: exitCode } : { StatusCode: exitCode, Error: { Message: error } };
}
