// Limits of containers as the kernel has them, on cgroups of either version: given, changed while it runs, and kept to.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '#engine/open.ts';
import { type CgroupMounts, cgroupDirs, cgroupMode } from '#kernel/cgroups.ts';
import type { ContainerStats } from '#runtime/stats.ts';
import { endEngine, importBusybox, mountsBelow, newPlace, openAt, runIn } from './containers-fixture.ts';

const place = newPlace();
let engine: Engine;
before(async () => {
  engine = await openAt(place);
  await importBusybox(engine, place.dir);
});
after(async () => {
  await endEngine(engine);
  assert.deepEqual(mountsBelow(place.dir), []);
  place[Symbol.dispose]();
});

const mebi = 1024 * 1024;
const isV2 = cgroupMode() === 'v2';
/** A controller of version 1 with its file, and the file of version 2. */
const file = {
  memory: ['memory', 'memory.limit_in_bytes', 'memory.max'],
  reservation: ['memory', 'memory.soft_limit_in_bytes', 'memory.low'],
  swap: ['memory', 'memory.memsw.limit_in_bytes', 'memory.swap.max'],
  quota: ['cpu', 'cpu.cfs_quota_us', 'cpu.max'],
  shares: ['cpu', 'cpu.shares', 'cpu.weight'],
  cpus: ['cpuset', 'cpuset.cpus', 'cpuset.cpus'],
  pids: ['pids', 'pids.max', 'pids.max'],
  frozen: ['freezer', 'freezer.state', 'cgroup.freeze'],
} as const;
type Limit = keyof typeof file;

async function dirsOf(id: string): Promise<CgroupMounts> {
  const { State } = await engine.containers.inspect(id);
  return cgroupDirs(State.Pid);
}

/** What the kernel says; undefined where it keeps no such limit. */
function limitIn(dirs: CgroupMounts, limit: Limit): string | undefined {
  const [controller, v1, v2] = file[limit];
  const path = join(dirs.get(isV2 ? '' : controller) ?? '/nonexistent', isV2 ? v2 : v1);
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}

async function start(Cmd: string[], HostConfig: object): Promise<string> {
  const request = { Image: 'busybox', Cmd, HostConfig: { NetworkMode: 'none', ...HostConfig } };
  const { Id } = await engine.containers.create(request);
  await engine.containers.start(Id);
  return Id;
}

async function statsOf(id: string): Promise<ContainerStats> {
  for await (const answer of engine.containers.stats(id, { stream: false })) return answer as ContainerStats;
  throw new Error('no stats');
}

/** Waits for what the kernel does by and by. */
async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await holds()) return;
    await sleep(50);
  }
  assert.fail(`it did not come to this: ${what}`);
}

test('limits are the kernel’s, and follow an update while it runs', async () => {
  const id = await start(['sleep', '1000'], {
    Memory: 64 * mebi,
    MemoryReservation: 32 * mebi,
    MemorySwap: 96 * mebi,
    NanoCpus: 5e8,
    CpuShares: 512,
    CpusetCpus: '0',
    PidsLimit: 20,
  });
  const dirs = await dirsOf(id);
  const expectAll = (expected: Partial<Record<Limit, string>>): void => {
    for (const [limit, value] of Object.entries(expected)) {
      const found = limitIn(dirs, limit as Limit);
      // A kernel may count no swap.
      if (limit === 'swap' && found === undefined) continue;
      assert.equal(found, value, limit);
    }
  };
  expectAll({
    memory: String(64 * mebi),
    reservation: String(32 * mebi),
    // Version 1 counts memory and swap together.
    swap: String((isV2 ? 32 : 96) * mebi),
    quota: isV2 ? '50000 100000' : '50000',
    shares: isV2 ? '20' : '512',
    cpus: '0',
    pids: '20',
  });
  const stats = await statsOf(id);
  assert.deepEqual([stats.memory_stats.limit, stats.pids_stats], [64 * mebi, { current: 1, limit: 20 }]);
  assert.ok((stats.memory_stats.usage ?? 0) > 0);
  await engine.containers.update(id, {
    Memory: 128 * mebi,
    MemorySwap: 160 * mebi,
    NanoCpus: 75e7,
    CpuShares: 1024,
    PidsLimit: 30,
  });
  expectAll({
    memory: String(128 * mebi),
    swap: String((isV2 ? 32 : 160) * mebi),
    quota: isV2 ? '75000 100000' : '75000',
    shares: isV2 ? '39' : '1024',
    pids: '30',
  });
  await engine.containers.remove(id, { force: true });
  await engine.containers.settle();
  for (const dir of dirs.values()) if (/wharf/.test(dir)) assert.equal(existsSync(dir), false, dir);
});

test('paused is frozen by the kernel', async () => {
  const id = await start(['sleep', '1000'], {});
  const dirs = await dirsOf(id);
  await engine.containers.pause(id);
  assert.equal(limitIn(dirs, 'frozen'), isV2 ? '1' : 'FROZEN');
  await engine.containers.unpause(id);
  assert.equal(limitIn(dirs, 'frozen'), isV2 ? '0' : 'THAWED');
  await engine.containers.remove(id, { force: true });
});

test('too much memory ends it, and that is told', async () => {
  const script = 'x=x; while true; do x=$x$x; done';
  const HostConfig = { NetworkMode: 'none', Memory: 16 * mebi, MemorySwap: 16 * mebi };
  const ran = await runIn(engine, { Cmd: ['sh', '-c', script], HostConfig });
  const { State } = await engine.containers.inspect(ran.id);
  assert.deepEqual([State.ExitCode, State.OOMKilled], [137, true]);
});

test('more processes than it may have are refused to it', async () => {
  const script = 'for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done; echo all';
  const ran = await runIn(engine, {
    Cmd: ['sh', '-c', script],
    HostConfig: { NetworkMode: 'none', PidsLimit: 5 },
  });
  assert.match(ran.stderr, /can't fork/);
  assert.doesNotMatch(ran.stdout, /all/);
});

test('more processor time than it may have makes it wait', async () => {
  const id = await start(['sh', '-c', 'while true; do true; done'], { NanoCpus: 1e8 });
  await until('it was throttled', async () => {
    const { cpu_stats: cpu } = await statsOf(id);
    return cpu.throttling_data.throttled_periods > 2 && cpu.throttling_data.throttled_time > 0;
  });
  const { cpu_stats: cpu } = await statsOf(id);
  assert.ok(cpu.cpu_usage.total_usage > 0 && cpu.cpu_usage.usage_in_usermode > 0);
  await engine.containers.remove(id, { force: true });
});

test('it sees its own cgroup as the root, where the kernel has one tree', {
  skip: !isV2 && 'cgroups are v1',
}, async () => {
  const HostConfig = { NetworkMode: 'none' };
  const ran = await runIn(engine, { Cmd: ['cat', '/proc/self/cgroup'], HostConfig });
  assert.equal(ran.stdout, '0::/\n');
  const trusted = await runIn(engine, {
    Cmd: ['cat', '/proc/self/cgroup'],
    HostConfig: { ...HostConfig, Privileged: true },
  });
  assert.equal(trusted.stdout, '0::/\n', 'also where it may do all, as in Docker');
  const own = await runIn(engine, { Cmd: ['ls', '/sys/fs/cgroup'], HostConfig });
  assert.match(own.stdout, /^memory\.max$/m);
  const shared = await runIn(engine, {
    Cmd: ['cat', '/proc/self/cgroup'],
    HostConfig: { ...HostConfig, CgroupnsMode: 'host' },
  });
  assert.match(shared.stdout, new RegExp(`^0::/.*${shared.id}`));
});
