// Which mounts a request asks for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerConfig, HostConfig } from '#shared/contract/container.ts';
import { EngineError } from '#shared/errors.ts';
import { planMounts } from './mounts.ts';

const plan = (
  host: HostConfig,
  config: Partial<ContainerConfig> = {},
  others: ReturnType<typeof planMounts> = [],
) => planMounts({ Image: 'x', ...config }, host, { mountsOf: () => others, newName: () => 'made-up' });

test('binds, named volumes and tmpfs', () => {
  const mounts = plan({ Binds: ['/src:/a/b:ro', 'data:/a'], Tmpfs: { '/t': 'size=1m,mode=1777' } });
  assert.deepEqual(
    mounts.map(({ Type, Destination, RW }) => [Type, Destination, RW]),
    [
      ['volume', '/a', true],
      ['tmpfs', '/t', true],
      ['bind', '/a/b', false],
    ],
  );
  assert.deepEqual(mounts[1]?.options, ['nosuid', 'nodev', 'noexec', 'size=1048576', 'mode=1777', 'rw']);
  assert.equal(mounts[2]?.missingSource, 'create');
});

test("the image's volumes become anonymous ones where nothing else is mounted", () => {
  const mounts = plan({ Binds: ['/src:/a'] }, { Volumes: { '/a': {}, '/b/': {} } });
  assert.deepEqual(
    mounts.map(({ Destination, Name, anonymous }) => [Destination, Name, anonymous]),
    [
      ['/a', undefined, undefined],
      ['/b', 'made-up', true],
    ],
  );
});

test('two mounts at one place are refused', () => {
  assert.throws(
    () => plan({ Binds: ['/x:/a'], Tmpfs: { '/a/': '' } }),
    (thrown) => thrown instanceof EngineError && thrown.message === 'Duplicate mount point: /a',
  );
});

test('mounts of another container, read only', () => {
  const others = plan({ Binds: ['data:/a', '/src:/b'], Tmpfs: { '/t': '' } });
  const mounts = plan({ VolumesFrom: ['other:ro'], Binds: ['/mine:/b'] }, {}, others);
  assert.deepEqual(
    mounts.map(({ Destination, Source, RW }) => [Destination, Source, RW]),
    [
      ['/a', '', false],
      ['/b', '/mine', true],
    ],
  );
});

test('the --mount form refuses a source that is missing and a target that is relative', () => {
  assert.equal(plan({ Mounts: [{ Type: 'bind', Source: '/s', Target: '/t' }] })[0]?.missingSource, 'refuse');
  assert.throws(
    () => plan({ Mounts: [{ Type: 'bind', Source: '/s', Target: 't' }] }),
    /invalid mount config for type "bind": invalid mount path: 't' mount path must be absolute/,
  );
});

test('a /proc of somebody else’s is refused, single files of it are not', () => {
  const message = /cannot be mounted because it is inside \/proc/;
  assert.throws(() => plan({}, { Volumes: { '/proc': {} } }), message);
  assert.throws(() => plan({ Binds: ['/etc/hostname:/proc/self/attr/exec'] }), message);
  assert.throws(() => plan({ Tmpfs: { '/x/../proc/acpi': '' } }), message);
  assert.equal(plan({ Binds: ['/var/lib/lxcfs/proc/meminfo:/proc/meminfo', '/proc:/proc'] }).length, 2);
  assert.equal(plan({ Binds: ['/proc:/host/proc:ro', 'data:/process'] }).length, 2);
});

test('a tmpfs may have programs, devices and set-user-id files where that is asked for', () => {
  const options = (text: string) => plan({ Tmpfs: { '/t': text } })[0]?.options;
  assert.deepEqual(options('exec,suid,dev'), ['exec', 'suid', 'dev', 'rw']);
  assert.deepEqual(options('exec,ro'), ['nosuid', 'nodev', 'exec', 'ro']);
});

test('what is read-only with another stays so, below it too, and its unnamed volumes are known as such', () => {
  const others = plan({ Binds: ['/src:/a:ro', '/src:/b'] }, { Volumes: { '/v': {} } });
  const [a, b, v] = plan({ VolumesFrom: ['other'] }, {}, others);
  assert.deepEqual([a?.options.at(-1), b?.options.at(-1), v?.anonymous], ['rro', 'rw', true]);
  const [c, d, w] = plan({ VolumesFrom: ['other:ro'] }, {}, others);
  assert.deepEqual([c?.options.at(-1), d?.options.at(-1), w?.options.at(-1)], ['rro', 'rro', 'ro']);
});

test('a part of a volume that nobody named is refused', () => {
  const mount = { Type: 'volume' as const, Target: '/m', VolumeOptions: { Subpath: 'x' } };
  assert.throws(() => plan({ Mounts: [mount] }), /must not set Subpath when using anonymous volumes/);
});
