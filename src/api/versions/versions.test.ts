// Answers and requests take the shape of the version that was asked for.
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import type { ContainerInspect } from '#shared/contract/container.ts';
import type { ImageInspect, ImageSummary } from '#shared/contract/image.ts';
import { askedMinor, rememberVersion } from './asked-version.ts';
import { createRequestOf, createWarningsOf, inspectOf } from './containers.ts';
import { imageInspectOf, imageSummaryOf } from './images.ts';
import { infoOf } from './system.ts';

test('the version of a path is remembered; none means the newest', () => {
  const request = (url: string) => ({ url }) as IncomingMessage;
  for (const [url, minor] of [
    ['/v1.40/info', 40],
    ['/v1.51/info', 51],
    ['/info', 51],
  ] as const) {
    const one = request(url);
    rememberVersion(one);
    assert.equal(askedMinor(one), minor);
  }
});

const row = {
  Id: 'a',
  RepoTags: [],
  RepoDigests: [],
  VirtualSize: 7,
  Containers: -1,
} as unknown as ImageSummary;

test('images: nameless ones until 1.43, virtual sizes until 1.44, counts of containers from 1.51', () => {
  const users = new Map([['a', 2]]);
  assert.deepEqual(imageSummaryOf(42, row, users), {
    Id: 'a',
    RepoTags: ['<none>:<none>'],
    RepoDigests: ['<none>@<none>'],
    VirtualSize: 7,
    Containers: -1,
  });
  assert.deepEqual(imageSummaryOf(51, row, users), { Id: 'a', RepoTags: [], RepoDigests: [], Containers: 2 });
});

test('an image’s configuration had a container’s fields until 1.50', () => {
  const inspect = { Id: 'a', Config: { Cmd: ['x'], ExposedPorts: {} } } as unknown as ImageInspect;
  const at = (minor: number) =>
    imageInspectOf(minor, inspect) as { Config: object; ContainerConfig?: object };
  assert.ok('Hostname' in at(49).Config && !('Hostname' in at(50).Config));
  assert.ok(at(44).ContainerConfig !== undefined && at(45).ContainerConfig === undefined);
  assert.deepEqual(
    Object.entries(at(51).Config).find(([name]) => name === 'Cmd'),
    ['Cmd', ['x']],
  );
  assert.ok(!('ExposedPorts' in at(51).Config));
});

test('containers: fields that came later count from their version on', () => {
  const asked = {
    Image: 'x',
    MacAddress: '02:00:00:00:00:01',
    Healthcheck: { Test: ['NONE'], StartInterval: 5 },
    HostConfig: { Annotations: { a: 'b' }, ConsoleSize: [1, 2] as [number, number] },
  };
  assert.equal(createRequestOf(44, asked), asked);
  assert.deepEqual(createRequestOf(43, asked).Healthcheck, { Test: ['NONE'] });
  assert.deepEqual(createRequestOf(43, asked).HostConfig?.Annotations, { a: 'b' });
  assert.equal(createRequestOf(42, asked).HostConfig?.Annotations, undefined);
  assert.deepEqual(createRequestOf(42, asked).HostConfig?.ConsoleSize, [1, 2]);
  assert.equal(createRequestOf(41, asked).HostConfig?.ConsoleSize, undefined);
  assert.equal(createWarningsOf(43, asked).length, 0);
  assert.equal(createWarningsOf(44, asked).length, 1);
});

test('the short id was an alias until 1.45', () => {
  const networks = {
    net: { Aliases: ['web'], DNSNames: ['web', '0123456789ab'] },
    bridge: { DNSNames: null },
  };
  const inspect = {
    Id: '0123456789abcdef',
    NetworkSettings: { Networks: networks },
  } as unknown as ContainerInspect;
  assert.equal(inspectOf(45, inspect), inspect);
  const older = inspectOf(44, inspect).NetworkSettings.Networks;
  assert.deepEqual(older['net']?.Aliases, ['web', '0123456789ab']);
  assert.equal(older['bridge']?.Aliases, undefined);
});

test('info tells what its version knew', () => {
  const info = { Containerd: {}, FirewallBackend: {}, RegistryConfig: { Mirrors: [] }, Name: 'host' };
  assert.deepEqual(Object.keys(infoOf(51, info)), Object.keys(info));
  assert.deepEqual(Object.keys(infoOf(45, info)).sort(), [
    'BridgeNfIp6tables',
    'BridgeNfIptables',
    'Name',
    'RegistryConfig',
    'RuncCommit',
  ]);
});
