// The engine: every room opened, recovered and joined together. A library; the daemon and tests are its users.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Build, openBuild } from '#engine/build/build.ts';
import { type Containers, openContainers } from '#engine/containers/containers.ts';
import { isUp } from '#engine/containers/record/record.ts';
import { EventLog } from '#engine/events.ts';
import { type Images, openImages } from '#engine/images/images.ts';
import { type Networks, openNetworks } from '#engine/networks/networks.ts';
import { openVolumes, type Volumes } from '#engine/volumes/volumes.ts';
import { openRegistry } from '#registry/registry.ts';
import { openRuntime } from '#runtime/task.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { openContent } from '#storage/content/content.ts';
import { openSnapshots } from '#storage/snapshots/snapshots.ts';
import { openLeases } from '#storage/state/leases.ts';
import { openState } from '#storage/state/state.ts';
import { watchBudget } from './disk-budget.ts';
import { lockRoot } from './engine-lock.ts';
import type { EngineOptions } from './engine-options.ts';
import { registryOptionsOf } from './registry-lookup.ts';
import { System } from './system.ts';
import { Trash } from './trash/trash.ts';

export type { EngineOptions } from './engine-options.ts';

/** Disposing closes everything; containers, their networks and published ports go on without the engine. */
export interface Engine extends AsyncDisposable {
  readonly containers: Containers;
  readonly images: Images;
  readonly networks: Networks;
  readonly volumes: Volumes;
  readonly build: Build;
  readonly trash: Trash;
  readonly events: EventLog;
  readonly system: System;
}

const defaultLogSizeBytes = 20_000_000;
const defaultLogFiles = 5;
const defaultTrashKeepMs = 7 * 24 * 3_600_000;

/**
 * Opens the engine on its folders. Whatever state an earlier one left, however it ended, is made sound first: what
 * runs is supervised again, what ended meanwhile has its exit code, what was half done is taken back. Throws
 * `conflict` where another engine has the root.
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { root, run } = options;
  const warn = options.warn ?? ((message: string) => console.error(message));
  makeFolders(mkdirSync, root, 0o711);
  makeFolders(mkdirSync, run, 0o711);
  const opening = new AsyncDisposableStack();
  try {
    opening.use(lockRoot(join(root, 'engine.lock')));
    const base = openBase(options, opening);
    const rooms = openRooms(options, { ...base, warn }, opening);
    await recover(base, rooms);
    for (const warning of rooms.networks.warnings.splice(0)) warn(warning);
    const keepMs = options.trashKeepMs ?? defaultTrashKeepMs;
    const trash = opening.use(new Trash({ ...base, ...rooms, keepMs, warn }));
    await trash.recover();
    const system = new System({ ...rooms, options, runtime: base.runtime, registry: base.registry });
    opening.use(watchBudget({ images: rooms.images, system }, options.budget ?? {}, warn));
    return {
      ...rooms,
      trash,
      events: base.events,
      system,
      [Symbol.asyncDispose]: () => opening.disposeAsync(),
    };
  } catch (thrown) {
    await opening.disposeAsync();
    throw thrown;
  }
}

type Base = ReturnType<typeof openBase>;
type Rooms = ReturnType<typeof openRooms>;

/** What the rooms stand on; closed after them. */
function openBase(options: EngineOptions, opening: AsyncDisposableStack) {
  const { root, run } = options;
  const state = opening.use(openState(join(root, 'state.db')));
  const leases = openLeases(state);
  const content = openContent(join(root, 'content'));
  const snapshots = opening.use(openSnapshots({ dir: join(root, 'snapshots'), state, leases }));
  const runtime = opening.use(
    openRuntime({
      runDir: run,
      ...(options.runtimePath === undefined ? {} : { runtimePath: options.runtimePath }),
      ...(options.conmonPath === undefined ? {} : { conmonPath: options.conmonPath }),
    }),
  );
  const registry = opening.use(openRegistry(registryOptionsOf(options)));
  return { root, run, state, leases, content, snapshots, runtime, registry, events: new EventLog() };
}

function openRooms(
  options: EngineOptions,
  base: Base & { warn: (message: string) => void },
  opening: AsyncDisposableStack,
) {
  const { root, run } = options;
  const images = openImages({
    ...base,
    scratchDir: scratchIn(root),
    downloadsAtOnce: options.maxConcurrentDownloads ?? 3,
    uploadsAtOnce: options.maxConcurrentUploads ?? 5,
    usersOf: (imageId) =>
      containers
        .all()
        .filter((record) => record.imageId === imageId)
        .map((record) => ({ id: record.id, name: record.name, running: isUp(record) })),
  });
  const volumes = openVolumes({ ...base, dir: join(root, 'volumes') });
  const networks = opening.use(
    openNetworks({
      ...base,
      runDir: run,
      bridge: {
        name: options.bridge ?? 'wharf0',
        ...(options.bip === undefined ? {} : { subnet: options.bip }),
      },
      ...(options.publishAddress === undefined ? {} : { publishAddress: options.publishAddress }),
      ...(options.addressPools === undefined ? {} : { pools: options.addressPools }),
      defaults: options.networkDefaults ?? {},
      ...(options.aardvarkPath === undefined ? {} : { aardvarkPath: options.aardvarkPath }),
    }),
  );
  const build = opening.use(openBuild({ ...base, images, networks }));
  const log = {
    maxSizeBytes: options.logMaxSizeBytes ?? defaultLogSizeBytes,
    maxFiles: options.logMaxFiles ?? defaultLogFiles,
  };
  const containers: Containers = opening.use(openContainers({ ...base, images, networks, volumes, log }));
  return { containers, images, networks, volumes, build };
}

function scratchIn(root: string): string {
  const dir = join(root, 'tmp');
  makeFolders(mkdirSync, dir, 0o700);
  return dir;
}

/** Records first, then the kernel, from the ground up: each room finds those below it sound. */
async function recover(base: Base, { containers, images, networks, build }: Rooms): Promise<void> {
  const plan = containers.planRecovery();
  const running = new Set(plan.running.map((record) => record.id));
  base.snapshots.recover({ keepMounted: running });
  await build.recover();
  await images.recover();
  if (plan.plans.length > 0) {
    await networks.recover(
      plan.running.map(({ id, wiring }) => ({
        containerId: id,
        netnsPath: wiring?.sandboxKey ?? join(base.run, 'netns', id),
      })),
    );
  }
  await containers.recover(plan);
}
