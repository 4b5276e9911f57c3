// At the start of an engine: records, kernel and runtime are made to agree, and restart policies applied.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { unmountUnder } from '#kernel/mounts.ts';
import { messageOf } from '#shared/errors.ts';
import { rfc3339NanoOf, zeroTime } from '#shared/notation/time.ts';
import { cleanUp } from './cleanup.ts';
import { followCutOff } from './connect.ts';
import { settleGranted } from './files/granted.ts';
import { discardViews } from './files/view.ts';
import { type ContainerRecord, isUp } from './record/record.ts';
import { type Observed, planRecovery, type Recovery } from './recovery-plan.ts';
import { destroyThings } from './remove.ts';
import { announce, pathsOf, type Room } from './room.ts';
import { watchRun } from './run.ts';
import { shelvedIds } from './shelve.ts';

/** What the rooms below must know before they recover. */
export interface RecoveryPlan {
  plans: { record: ContainerRecord; plan: Recovery }[];
  /** Containers that run: their snapshots stay mounted, their networks stay up. */
  running: ContainerRecord[];
}

/** Looks, and changes nothing. */
export function planAll(room: Room): RecoveryPlan {
  const nowMs = Date.now();
  const plans = room.store.all().map((record) => ({
    record,
    plan: planRecovery(record, observe(room, record.id), nowMs),
  }));
  const running = plans.filter(({ plan }) => plan.action === 'adopt').map(({ record }) => record);
  return { plans, running };
}

function observe(room: Room, id: string): Observed {
  const seen = room.runtime.observe(id);
  return {
    task: room.runtime.state(id).status,
    pid: seen.pid,
    monitored: seen.conmonPid !== undefined,
    exit: room.runtime.takeExit(id),
  };
}

/** Afterwards every record tells the truth, and nothing in the kernel is without an owner. Call before supervision. */
export async function recoverContainers(room: Room, { plans }: RecoveryPlan): Promise<string[]> {
  const toStart: string[] = [];
  for (const { record, plan } of plans) {
    try {
      if (await actOn(room, record, plan)) toStart.push(record.id);
    } catch (thrown) {
      room.warn(`recovering container ${record.id}: ${messageOf(thrown)}`);
    }
  }
  const known = new Set([...room.store.all().map((record) => record.id), ...shelvedIds(room)]);
  for (const id of known) settleGranted(pathsOf(room, id).granted);
  sweepFolders(room, known);
  discardViews(room);
  return toStart;
}

/** True where a restart policy wants it up. */
async function actOn(room: Room, record: ContainerRecord, plan: Recovery): Promise<boolean> {
  switch (plan.action) {
    case 'adopt':
      await adopt(room, record, plan);
      await room.networks.followName(record.id, record.name);
      return false;
    case 'discard':
      await destroyThings(room, record, { anonymousVolumes: record.phase === 'creating' });
      room.store.delete(record.id);
      room.live.forget(record.id);
      return false;
    case 'settle':
      return await settle(room, record, plan);
    case 'roll-back':
      await cleanUp(room, record);
      room.store.update(record.id, { phase: restPhaseOf(record), pid: 0 });
      return plan.boot;
    case 'rest':
      await cleanUp(room, record);
      if (record.phase === 'restarting') room.store.update(record.id, { phase: 'exited', pid: 0 });
      return plan.boot && record.startedAt !== zeroTime;
  }
}

const restPhaseOf = (record: ContainerRecord): 'created' | 'exited' =>
  record.startedAt === zeroTime ? 'created' : 'exited';

async function adopt(
  room: Room,
  record: ContainerRecord,
  { phase, pid }: Extract<Recovery, { action: 'adopt' }>,
): Promise<void> {
  const startedAt = isUp(record) ? record.startedAt : rfc3339NanoOf(Date.now());
  const running = await followCutOff(room, room.store.update(record.id, { phase, pid, startedAt }));
  const live = room.live.of(record.id);
  live.startedMs = performance.now() - Math.max(0, Date.now() - Date.parse(running.startedAt));
  watchRun(room, running);
}

async function settle(
  room: Room,
  record: ContainerRecord,
  plan: Extract<Recovery, { action: 'settle' }>,
): Promise<boolean> {
  const { wiring: _, ...rest } = record;
  const ended = room.store.replace({
    ...rest,
    phase: 'exited',
    pid: 0,
    exitCode: plan.exit.exitCode,
    oomKilled: plan.exit.oomKilled ?? false,
    startedAt: record.startedAt === zeroTime ? rfc3339NanoOf(plan.exit.atMs) : record.startedAt,
    finishedAt: rfc3339NanoOf(plan.exit.atMs),
  });
  announce(room, ended, 'die', { exitCode: String(ended.exitCode) });
  await cleanUp(room, ended);
  if (ended.hostConfig.AutoRemove !== true) return plan.boot;
  room.store.update(ended.id, { phase: 'removing' });
  await destroyThings(room, ended, { anonymousVolumes: true });
  room.store.delete(ended.id);
  room.live.forget(ended.id);
  announce(room, ended, 'destroy');
  return false;
}

/** Folders that no record speaks of: left by a power cut between two steps. */
function sweepFolders(room: Room, known: ReadonlySet<string>): void {
  const folders = [join(room.root, 'containers'), join(room.runtime.bundleDir('x'), '..')];
  for (const folder of folders) {
    for (const name of namesIn(folder)) {
      if (!/^[0-9a-f]{64}$/.test(name) || known.has(name)) continue;
      unmountUnder(join(folder, name));
      rmSync(join(folder, name), { recursive: true, force: true });
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
