// Usage of cgroups of both versions, on folders that look like the kernel's.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { cgroupMode, controllerMounts, parseCgroupPaths } from './cgroups/mode.ts';
import { oomKilled, processesIn, readUsage, removeCgroup, systemCpuNanos } from './cgroups.ts';
import { parseMountInfo } from './mounts.ts';

const root = mkdtempSync(join(tmpdir(), 'wharf-cgroups-'));
after(() => rmSync(root, { recursive: true }));

function write(dir: string, files: Record<string, string>): void {
  mkdirSync(dir, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
}

const lines = (text: string) => text.split('\n').flatMap((line) => parseMountInfo(line) ?? []);
const unified = '30 25 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate';
const legacy = [
  '31 25 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
  '32 25 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
].join('\n');

test('the mode follows from what is mounted', () => {
  assert.equal(cgroupMode(lines(unified)), 'v2');
  assert.equal(cgroupMode(lines(legacy)), 'v1');
  assert.equal(cgroupMode(lines(`${legacy}\n${unified}`)), 'hybrid');
  assert.deepEqual(
    controllerMounts(lines(legacy)),
    new Map([
      ['cpu', '/sys/fs/cgroup/cpu,cpuacct'],
      ['cpuacct', '/sys/fs/cgroup/cpu,cpuacct'],
      ['memory', '/sys/fs/cgroup/memory'],
    ]),
  );
  assert.deepEqual(
    parseCgroupPaths('3:cpu,cpuacct:/a\n1:name=systemd:/b:c\n0::/d\n'),
    new Map([
      ['cpu', '/a'],
      ['cpuacct', '/a'],
      ['name=systemd', '/b:c'],
      ['', '/d'],
    ]),
  );
});

test('v2: one directory tells everything', () => {
  const mounts = new Map([['', join(root, 'v2')]]);
  write(join(root, 'v2', 'box'), {
    'cpu.stat':
      'usage_usec 1500\nuser_usec 1000\nsystem_usec 500\nnr_periods 7\nnr_throttled 3\nthrottled_usec 20\n',
    'memory.current': '4096\n',
    'memory.max': 'max\n',
    'memory.stat': 'anon 10\nfile 20\n',
    'memory.events': 'low 0\nmax 4\noom 1\noom_kill 2\n',
    'pids.current': '3\n',
    'pids.max': '100\n',
    'io.stat': '8:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n',
    'cgroup.procs': '10\n11\n',
  });
  write(join(root, 'v2', 'box', 'inner'), { 'cgroup.procs': '12\n' });
  const usage = readUsage('/box', mounts);
  assert.equal(usage.cpuNanos, 1_500_000);
  assert.equal(usage.cpuUserNanos, 1_000_000);
  assert.equal(usage.memoryBytes, 4096);
  assert.equal(usage.memoryLimitBytes, Number.POSITIVE_INFINITY);
  assert.deepEqual(usage.memoryStats, { anon: 10, file: 20 });
  assert.equal(usage.pidsLimit, 100);
  assert.deepEqual(usage.blockBytes, [
    { major: 8, minor: 16, operation: 'read', value: 1 },
    { major: 8, minor: 16, operation: 'write', value: 2 },
  ]);
  assert.deepEqual(usage.throttling, { periods: 7, throttledPeriods: 3, throttledNanos: 20_000 });
  assert.deepEqual(processesIn('/box', mounts), [10, 11, 12]);
  assert.equal(oomKilled('/box', mounts), 2);
  assert.equal(readUsage('/missing', mounts).cpuNanos, 0);
});

test('v1: each controller tells its part', () => {
  const mounts = new Map(
    ['cpu', 'cpuacct', 'memory', 'pids', 'blkio'].map((name) => [name, join(root, 'v1', name)]),
  );
  const dir = (controller: string) => join(root, 'v1', controller, 'box');
  write(dir('cpuacct'), {
    'cpuacct.usage': '2000\n',
    'cpuacct.stat': 'user 2\nsystem 1\n',
    'cpuacct.usage_percpu': '1500 500 \n',
  });
  write(dir('memory'), {
    'memory.usage_in_bytes': '8192\n',
    'memory.limit_in_bytes': '9223372036854771712\n',
    'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n',
  });
  write(dir('pids'), { 'pids.current': '2\n', 'pids.max': 'max\n', 'cgroup.procs': '20\n' });
  write(dir('blkio'), { 'blkio.throttle.io_service_bytes': '8:0 Read 5\n8:0 Total 5\nTotal 5\n' });
  const usage = readUsage('/box', mounts);
  assert.equal(usage.cpuNanos, 2000);
  assert.equal(usage.cpuUserNanos, 20_000_000);
  assert.deepEqual(usage.perCpuNanos, [1500, 500]);
  assert.equal(usage.memoryLimitBytes, Number.POSITIVE_INFINITY);
  assert.equal(usage.pidsLimit, Number.POSITIVE_INFINITY);
  assert.deepEqual(usage.blockBytes[0], { major: 8, minor: 0, operation: 'read', value: 5 });
  assert.deepEqual(processesIn('/box', mounts), [20]);
  assert.equal(oomKilled('/box', mounts), 1);
});

test('a cgroup is removed from every hierarchy, children first; one that is gone is fine', () => {
  const mounts = new Map([['', join(root, 'gone')]]);
  mkdirSync(join(root, 'gone', 'box', 'a', 'b'), { recursive: true });
  removeCgroup('/box', mounts);
  removeCgroup('/box', mounts);
  assert.equal(existsSync(join(root, 'gone', 'box')), false);
  assert.ok(systemCpuNanos() > 0);
});
