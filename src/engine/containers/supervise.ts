// Who watches over containers: their exits are settled, restart policies and AutoRemove carried out.
import { type ContainerRecord, isUp } from './record/record.ts';
import { removeContainer } from './remove.ts';
import { inBackground, type Room } from './room.ts';
import { settleExit } from './run.ts';
import { startContainer } from './start.ts';

/** Tells the runtime whom to call when processes end. Call once. */
export function superviseExits(room: Room): () => void {
  room.onSettled = (ended, waitMs) => afterRun(room, ended, waitMs);
  return room.runtime.onExit((id, exit) => {
    const record = room.store.get(id);
    if (record === undefined) return;
    if (record.phase === 'starting') room.live.of(id).earlyExit = exit;
    else if (isUp(record) || record.phase === 'removing') settleExit(room, id, exit);
  });
}

function afterRun(room: Room, ended: ContainerRecord, waitMs: number | undefined): void {
  if (waitMs !== undefined) scheduleRestart(room, ended.id, waitMs);
  else if (ended.hostConfig.AutoRemove === true && !room.closing) removeSoon(room, ended.id);
}

function removeSoon(room: Room, id: string): void {
  void inBackground(room, `removing container ${id}`, () =>
    room.locks.run(id, async () => {
      if (room.store.get(id)?.phase === 'exited')
        await removeContainer(room, id, { force: true, volumes: true });
    }),
  );
}

/** The container starts again after `waitMs`, unless somebody does something else with it before. */
function scheduleRestart(room: Room, id: string, waitMs: number): void {
  const live = room.live.of(id);
  live.cancelRestart();
  live.backOffMs = waitMs;
  live.restartTimer = setTimeout(() => {
    live.restartTimer = undefined;
    void inBackground(room, `restarting container ${id}`, () => room.locks.run(id, () => tryAgain(room, id)));
  }, waitMs);
}

async function tryAgain(room: Room, id: string): Promise<void> {
  if (room.closing || room.store.get(id)?.phase !== 'restarting') return;
  await startContainer(room, id, { byPolicy: true });
}
