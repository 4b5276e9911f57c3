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
