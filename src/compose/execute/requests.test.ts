// What is asked of the engine for the things of a project.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copiedFiles } from '#compose/execute/grants.ts';
import { containerRequest, networkRequest, volumeRequest } from '#compose/execute/requests.ts';
import { sampleProject } from '#compose/load/project-sample.ts';
import { nothingObserved } from '#compose/plan/observed.ts';
import { planUp } from '#compose/plan/plan.ts';
import type { ContainerCreateRequest } from '#shared/contract/container.ts';

function requestOf(text: string, service = 'web'): ContainerCreateRequest {
  const project = sampleProject(text);
  const step = planUp(project, nothingObserved).steps.find(
    (one) => one.kind === 'create-container' && one.service === service,
  );
  assert.ok(step?.kind === 'create-container');
  return containerRequest(step, {
    project,
    keptVolumes: {},
    imageId: 'sha256:1',
    containerOf: (name) => `app-${name}-1`,
  });
}

test('a web service with ports, volumes, a health check and limits', () => {
  const { Labels, ...request } = requestOf(`
services:
  web:
    image: web
    command: run it
    environment: {A: 1, B: }
    ports: ["127.0.0.1:8080:80", "53:53/udp"]
    expose: ["9000"]
    volumes: ["./src:/src:ro", "data:/data", "/anon", {type: tmpfs, target: /t, tmpfs: {size: 1m}}]
    healthcheck: {test: curl x, interval: 5s, retries: 2}
    deploy: {resources: {limits: {cpus: 0.5, memory: 64m}}}
    restart: on-failure:3
    stop_grace_period: 1500ms
    extra_hosts: ["h=1.2.3.4"]
    networks: {front: {aliases: [w], ipv4_address: 10.9.0.2}}
volumes: {data: }
networks: {front: }
`);
  assert.deepEqual(request, {
    Image: 'web',
    AttachStdout: true,
    AttachStderr: true,
    Env: ['A=1'],
    Cmd: ['run', 'it'],
    StopTimeout: 2,
    Healthcheck: { Test: ['CMD-SHELL', 'curl x'], Interval: 5e9, Retries: 2 },
    ExposedPorts: { '9000/tcp': {}, '80/tcp': {}, '53/udp': {} },
    HostConfig: {
      ExtraHosts: ['h:1.2.3.4'],
      Memory: 67108864,
      NanoCpus: 5e8,
      NetworkMode: 'app_front',
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
      Binds: ['/nowhere/src:/src:ro'],
      Mounts: [
        { Type: 'volume', Target: '/data', Source: 'app_data' },
        { Type: 'volume', Target: '/anon' },
        { Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 1048576 } },
      ],
      PortBindings: {
        '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }],
        '53/udp': [{ HostIp: '', HostPort: '53' }],
      },
    },
    NetworkingConfig: {
      EndpointsConfig: {
        app_front: { Aliases: ['app-web-1', 'web', 'w'], IPAMConfig: { IPv4Address: '10.9.0.2' } },
      },
    },
  });
  assert.equal(Labels?.['com.docker.compose.service'], 'web');
  assert.equal(Labels?.['com.docker.compose.project'], 'app');
});

test('namespaces of other services are those of their containers', () => {
  const request = requestOf(
    'services: {web: {image: a, network_mode: "service:db", pid: host, volumes_from: ["db:ro"]}, db: {image: b}}',
  );
  assert.equal(request.HostConfig?.NetworkMode, 'container:app-db-1');
  assert.equal(request.HostConfig?.PidMode, 'host');
  assert.deepEqual(request.HostConfig?.VolumesFrom, ['app-db-1:ro']);
  assert.deepEqual(request.NetworkingConfig?.EndpointsConfig, {});
});

test('block input and output, and links to containers of others', () => {
  const request = requestOf(`
services:
  web:
    image: a
    external_links: [old-db, "old-cache:cache"]
    blkio_config:
      weight: 300
      weight_device: [{path: /dev/sda, weight: 400}]
      device_read_bps: [{path: /dev/sda, rate: 12mb}]
      device_write_iops: [{path: /dev/sda, rate: 30}]
`);
  assert.deepEqual(request.NetworkingConfig?.EndpointsConfig?.['app_default']?.Links, [
    'old-db:old-db',
    'old-cache:cache',
  ]);
  assert.equal(request.HostConfig?.BlkioWeight, 300);
  assert.deepEqual(request.HostConfig?.BlkioWeightDevice, [{ Path: '/dev/sda', Weight: 400 }]);
  assert.deepEqual(request.HostConfig?.BlkioDeviceReadBps, [{ Path: '/dev/sda', Rate: 12 * 1024 * 1024 }]);
  assert.deepEqual(request.HostConfig?.BlkioDeviceWriteIOps, [{ Path: '/dev/sda', Rate: 30 }]);
});

test('a network and a volume', () => {
  const project = sampleProject(
    'services: {web: {image: a, volumes: ["v:/v"]}}\nnetworks: {default: {internal: true, ipam: {config: [{subnet: 10.1.0.0/16}]}}}\nvolumes: {v: {driver_opts: {o: x}}}',
  );
  const { default: network } = project.networks;
  assert.ok(network !== undefined && project.volumes['v'] !== undefined);
  const { Labels, ...request } = networkRequest('app', 'default', network);
  assert.deepEqual(request, {
    Name: 'app_default',
    Internal: true,
    IPAM: { Driver: 'default', Options: null, Config: [{ Subnet: '10.1.0.0/16' }] },
  });
  assert.equal(Labels?.['com.docker.compose.network'], 'default');
  const volume = volumeRequest('app', 'v', project.volumes['v']);
  assert.equal(volume.Name, 'app_v');
  assert.deepEqual(volume.DriverOpts, { o: 'x' });
});

test('secrets with an owner are copied, plain files are bound, missing variables are told', () => {
  const text =
    'services: {web: {image: a, secrets: [f, {source: e, target: x, uid: "5", mode: 0400}], configs: [c]}}\nsecrets: {f: {file: /etc/hostname}, e: {environment: TOKEN}}\nconfigs: {c: {content: hi}}';
  const project = sampleProject(text, { TOKEN: 'abc' });
  assert.deepEqual(copiedFiles(project, project.services['web'] ?? {}), [
    { path: '/run/secrets/x', content: Buffer.from('abc'), uid: 5, gid: 0, mode: 0o400 },
    { path: '/c', content: Buffer.from('hi'), uid: 0, gid: 0, mode: 0o444 },
  ]);
  assert.deepEqual(requestOf(text).HostConfig?.Mounts, [
    { Type: 'bind', Source: '/etc/hostname', Target: '/run/secrets/f', ReadOnly: true },
  ]);
  const without = sampleProject(text);
  assert.throws(
    () => copiedFiles(without, without.services['web'] ?? {}),
    /environment variable "TOKEN" required by secret "e" is not set/,
  );
});
