// Start: mounts, network, files, box, process.
import { conflict } from '#shared/errors.ts';
import { nowRfc3339Nano } from '#shared/notation/time.ts';
import { beginCleanup } from './cleanup.ts';
import { failStart } from './failed-start.ts';
import { launch } from './launch.ts';
import type { ContainerRecord } from './record/record.ts';
import { removeContainer } from './remove.ts';
import { announce, type Room } from './room.ts';
import { settleExit, watchRun } from './run.ts';

export interface StartOptions {
  /** A restart policy's try: counts, and keeps the back-off. */
  byPolicy?: boolean;
}

/**
 * Afterwards the process runs, or had run and has ended already. The value says whether there was anything to do.
 * Throws a `StartError` where the program cannot be run; the container is then as it was, with the error kept.
 */
export async function startContainer(
  room: Room,
  id: string,
  options: StartOptions = {},
): Promise<'started' | 'not-modified'> {
  const before = room.store.require(id);
  if (before.phase === 'running') return 'not-modified';
  assertStartable(before);
  const live = room.live.of(id);
  live.cancelRestart();
  live.hastenCleanup();
  await live.cleanup;
  const starting = room.store.update(id, {
    phase: 'starting',
    stopRequested: false,
    restartCount: options.byPolicy === true ? before.restartCount + 1 : 0,
  });
  if (options.byPolicy !== true) live.backOffMs = 0;
  live.earlyExit = undefined;
  try {
    const started = await launch(room, starting);
    live.startedMs = performance.now();
    const running = room.store.update(id, {
      ...started,
      phase: 'running',
      exitCode: 0,
      error: '',
      oomKilled: false,
      startedAt: nowRfc3339Nano(),
    });
    announce(room, running, 'start');
    watchRun(room, running);
  } catch (thrown) {
    await beginCleanup(room, starting);
    const failed = failStart(room, before, thrown);
    if (failed.hostConfig.AutoRemove === true)
      await removeContainer(room, id, { force: true, volumes: true });
    throw thrown;
  }
  const early = live.earlyExit;
  if (early !== undefined) settleExit(room, id, early);
  return 'started';
}

function assertStartable(record: ContainerRecord): void {
  if (record.phase === 'paused') throw conflict('cannot start a paused container, try unpause instead');
  if (record.phase === 'removing' || record.phase === 'dead') {
    throw conflict('container is marked for removal and cannot be started');
  }
}
