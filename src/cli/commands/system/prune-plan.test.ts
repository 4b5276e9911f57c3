// What the prunes say would go.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PruneWishes, planPrune } from '#cli/commands/system/prune-plan.ts';
import type { DiskUsageAnswer } from '#client/system.ts';
import type { NetworkInspect } from '#shared/contract/network.ts';

const container = (name: string, State: string, more: object = {}) => ({
  Id: name.padEnd(64, '0'),
  Names: [`/${name}`],
  State,
  ImageID: 'sha256:used',
  Labels: {},
  Created: 1_000,
  SizeRw: 5,
  Mounts: [],
  NetworkSettings: { Networks: { bridge: {} } },
  ...more,
});

const image = (Id: string, RepoTags: string[], more: object = {}) => ({
  Id,
  RepoTags,
  Size: 100,
  SharedSize: 40,
  Created: 1_000,
  Labels: null,
  ...more,
});

const usage = {
  LayersSize: 0,
  Containers: [
    container('up', 'running', { NetworkSettings: { Networks: { busy: {} } }, Mounts: [{ Name: 'had' }] }),
    container('down', 'exited', {
      ImageID: 'sha256:once',
      Labels: { keep: 'yes' },
      Mounts: [{ Name: 'loose' }],
    }),
  ],
  Images: [image('sha256:used', ['a:1']), image('sha256:once', ['b:1']), image('sha256:none', [])],
  Volumes: [
    { Name: 'loose', Labels: { 'com.docker.volume.anonymous': '' }, UsageData: { Size: 7, RefCount: 1 } },
    { Name: 'had', Labels: { 'com.docker.volume.anonymous': '' }, UsageData: { Size: 9, RefCount: 1 } },
    { Name: 'named', Labels: null, UsageData: { Size: 9, RefCount: 0 } },
    { Name: 'share', Labels: null, Options: { type: 'nfs' }, UsageData: { Size: 9, RefCount: 0 } },
  ],
  BuildCache: [
    { ID: 'step1', InUse: false, Shared: false, Size: 3, LastUsedAt: '2020-01-01T00:00:00Z' },
    { ID: 'step2', InUse: true, Shared: false, Size: 3, LastUsedAt: '2030-01-01T00:00:00Z' },
    { ID: 'step3', InUse: false, Shared: true, Size: 3, LastUsedAt: '2990-01-01T00:00:00Z' },
  ],
} as unknown as DiskUsageAnswer;

const networks = ['bridge', 'busy', 'idle', 'source'].map((Name) => ({
  Name,
  ConfigFrom: { Network: Name === 'busy' ? 'source' : '' },
  Labels: {},
  Created: '2020-01-01T00:00:00Z',
})) as unknown as NetworkInspect[];

const planned = (wishes: Partial<PruneWishes>) =>
  planPrune(usage, networks, { filter: [], ...wishes }).map(
    ({ kind, name, sizeBytes }) => `${kind} ${name} ${sizeBytes}`,
  );

const usual: Partial<PruneWishes> = {
  containers: true,
  networks: true,
  images: 'dangling',
  cache: 'unshared',
};

test('stopped containers, idle networks, nameless images, unused cache', () => {
  assert.deepEqual(planned(usual), [
    'container down 5',
    'network idle 0',
    'image none 60',
    'build cache step1 3',
  ]);
});

test('what only a stopped container used goes with it', () => {
  assert.deepEqual(planned({ ...usual, volumes: 'anonymous', images: 'unused', cache: 'all' }), [
    'container down 5',
    'network idle 0',
    'volume loose 7',
    'image b:1 60',
    'image none 60',
    'build cache step1 3',
    'build cache step3 0',
  ]);
});

test('filters keep things; one that is none is refused', () => {
  assert.deepEqual(planned({ ...usual, filter: ['label=keep'] }), ['container down 5']);
  assert.deepEqual(planned({ ...usual, filter: ['label!=keep', 'until=1s'] }), [
    'network idle 0',
    'image none 60',
    'build cache step1 3',
  ]);
  assert.throws(() => planned({ ...usual, filter: ['colour=red'] }), /invalid filter/);
});

test('a command that removes one kind of thing plans that kind alone, beside stopped containers that stay', () => {
  assert.deepEqual(planned({ containers: true }), ['container down 5']);
  assert.deepEqual(planned({ networks: true }), ['network idle 0']);
  assert.deepEqual(planned({ images: 'unused' }), ['image none 60']);
  assert.deepEqual(planned({ volumes: 'anonymous' }), []);
  assert.deepEqual(planned({ volumes: 'all' }), ['volume named 9']);
  assert.deepEqual(planned({ cache: 'all' }), ['build cache step1 3', 'build cache step3 0']);
  // Nine bytes of steps: the oldest goes until seven are left.
  assert.deepEqual(planned({ cache: 'all', keepCacheBytes: 7 }), ['build cache step1 3']);
});
