// When an engine starts: what restart policies want up is started, each after what it depends on.
import { setTimeout as sleep } from 'node:timers/promises';
import { bootOrder, wantsHealthy } from '../record/boot-order.ts';
import type { ContainerRecord } from '../record/record.ts';
import { inBackground, type Room } from '../room.ts';
import { startContainer } from '../start.ts';

/** Whoever is not healthy by then holds nobody up for longer: a project half up is better than one that is down. */
const healthPatienceMs = 180_000;
const lookMs = 100;

/** Starts them; nobody waits for it. */
export function startAtBoot(room: Room, ids: readonly string[]): void {
  const records = ids.flatMap((id) => room.store.get(id) ?? []);
  const starts = new Map<string, Promise<void>>();
  // What is needed stands before what needs it, and one that fails keeps no other from starting.
  for (const [id, needed] of bootOrder(records)) {
    const before = needed.flatMap((one) => starts.get(one) ?? []);
    const start = inBackground(room, `starting container ${id}`, async () => {
      await Promise.all(before);
      await Promise.all(awaited(records, id, needed).map((other) => untilHealthy(room, id, other)));
      await room.locks.run(id, async () => {
        if (room.store.get(id) !== undefined && !room.closing) await startContainer(room, id);
      });
    });
    starts.set(id, start);
  }
}

function awaited(records: readonly ContainerRecord[], id: string, needed: readonly string[]): string[] {
  const record = records.find((one) => one.id === id);
  return records.flatMap((other) =>
    record !== undefined && needed.includes(other.id) && wantsHealthy(record, other) ? [other.id] : [],
  );
}

/** Resolves once the other is healthy, or will not be: it has no check, is unhealthy, does not run, or takes too long. */
async function untilHealthy(room: Room, id: string, other: string): Promise<void> {
  const untilMs = performance.now() + healthPatienceMs;
  for (;;) {
    const record = room.store.get(other);
    if (record?.phase !== 'running' || room.closing) return;
    const status = record.health?.Status ?? 'none';
    if (status === 'healthy' || status === 'none') return;
    if (status === 'unhealthy' || performance.now() > untilMs) {
      room.warn(`container ${id} starts though container ${other}, on which it depends, is ${status}`);
      return;
    }
    await sleep(lookMs, undefined, { ref: false });
  }
}
