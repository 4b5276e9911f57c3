// Joining and leaving networks in every state of a container: what cannot be is refused then, not at the next start.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Engine } from '#engine/open.ts';
import type { EndpointSettings } from '#shared/contract/network.ts';
import { endEngine, importBusybox, mountsBelow, newPlace, openAt, runIn } from './containers-fixture.ts';

const place = newPlace();
let engine: Engine;
const subnets = { n1: '10.214.71.0/24', n2: '10.214.72.0/24', n3: '10.214.73.0/24' };
before(async () => {
  engine = await openAt(place);
  await importBusybox(engine, place.dir);
  for (const [Name, Subnet] of Object.entries(subnets))
    await engine.networks.create({ Name, IPAM: { Config: [{ Subnet }] } });
});
after(async () => {
  await endEngine(engine);
  assert.deepEqual(mountsBelow(place.dir), []);
  place[Symbol.dispose]();
});

async function create(name: string, NetworkMode: string): Promise<string> {
  const request = { Image: 'busybox', Cmd: ['sleep', '1000'], HostConfig: { NetworkMode } };
  return (await engine.containers.create(request, { name })).Id;
}

async function run(name: string, NetworkMode: string): Promise<string> {
  const id = await create(name, NetworkMode);
  await engine.containers.start(id);
  return id;
}

/** The addresses of a container, by network. */
async function addresses(name: string): Promise<Record<string, string | undefined>> {
  const { NetworkSettings } = await engine.containers.inspect(name);
  const each = Object.entries(NetworkSettings.Networks);
  return Object.fromEntries(each.map(([network, { IPAddress }]) => [network, IPAddress]));
}

const connect = (name: string, network: string, settings?: EndpointSettings): Promise<void> =>
  engine.containers.connect(name, network, settings);
const disconnect = (name: string, network: string): Promise<void> =>
  engine.containers.disconnect(name, network);

test('the first network can be left and removed; others are joined all the same, also after a restart of the engine', async () => {
  await run('mover', 'n2');
  await connect('mover', 'n1');
  await disconnect('mover', 'n2');
  await engine.networks.remove('n2');
  await connect('mover', 'n3');
  assert.deepEqual(Object.keys(await addresses('mover')), ['n1', 'n3']);
  await engine[Symbol.asyncDispose]();
  engine = await openAt(place);
  assert.equal(engine.containers.find('mover').phase, 'running');
  assert.deepEqual(Object.keys(await addresses('mover')), ['n1', 'n3']);
  await engine.networks.create({ Name: 'n2', IPAM: { Config: [{ Subnet: subnets.n2 }] } });
  await engine.containers.remove('mover', { force: true });
});

test('who left all networks joins one again while it is stopped, and has it at its next start', async () => {
  await run('hermit', 'n1');
  await disconnect('hermit', 'n1');
  await engine.containers.stop('hermit', { timeoutSeconds: 0 });
  await connect('hermit', 'n2');
  await engine.containers.start('hermit');
  assert.deepEqual(Object.keys(await addresses('hermit')), ['n2']);
  await engine.containers.remove('hermit', { force: true });
});

test('a container without a network leaves none for one', async () => {
  for (const isUp of [true, false]) {
    await (isUp ? run : create)('alone', 'none');
    if (isUp) await assert.rejects(connect('alone', 'n1'), /one of the networks in private \(none\) mode$/);
    await disconnect('alone', 'none');
    await connect('alone', 'n1');
    if (!isUp) await engine.containers.start('alone');
    assert.match((await addresses('alone'))['n1'] ?? '', /^10\.214\.71\./, `running: ${isUp}`);
    assert.deepEqual(Object.keys(await addresses('alone')), ['n1']);
    await engine.containers.restart('alone', { timeoutSeconds: 0 });
    assert.deepEqual(Object.keys(await addresses('alone')), ['n1']);
    await engine.containers.remove('alone', { force: true });
  }
});

test('a stopped container is refused what it could not start with, and keeps what it asked for', async () => {
  await create('later', 'n1');
  const asked = { IPAMConfig: { IPv4Address: '10.214.72.50' }, Aliases: ['foo'] };
  await connect('later', 'n2', asked);
  await connect('later', 'n2');
  const refused: [string, EndpointSettings, RegExp][] = [
    ['n3', { IPAMConfig: { IPv4Address: '10.214.73.300' } }, /^invalid IP address: 10\.214\.73\.300$/],
    ['n3', { IPAMConfig: { IPv4Address: '10.99.0.3' } }, /^invalid address 10\.99\.0\.3: It does not belong/],
    ['n3', { MacAddress: 'zz' }, /^invalid MAC address: zz$/],
    [
      'host',
      {},
      /^cannot connect container to host network - container must be created in host network mode$/,
    ],
    ['none', {}, /one of the networks in private \(none\) mode$/],
    ['bridge', { Aliases: ['x'] }, /^network-scoped alias is supported only for containers in user defined/],
    ['bridge', { IPAMConfig: { IPv4Address: '1.2.3.4' } }, /^user specified IP address is supported on user/],
  ];
  for (const [network, settings, message] of refused)
    await assert.rejects(connect('later', network, settings), { message }, network);
  await assert.rejects(
    disconnect('later', 'n3'),
    /^.*container [0-9a-f]{64} is not connected to the network n3$/,
  );
  await engine.containers.start('later');
  assert.equal((await addresses('later'))['n2'], '10.214.72.50');
  const { Networks } = (await engine.containers.inspect('later')).NetworkSettings;
  assert.deepEqual(Networks['n2']?.Aliases, ['foo']);
  await engine.containers.remove('later', { force: true });
});

test('on the host’s network, or another container’s, there is nothing to join or leave', async () => {
  await run('guest', 'host');
  const shared = /^container sharing network namespace with another container or host cannot be connected to/;
  await assert.rejects(connect('guest', 'n1'), { message: shared });
  await assert.rejects(
    disconnect('guest', 'host'),
    /cannot disconnect container from host network - container was/,
  );
  await engine.containers.stop('guest', { timeoutSeconds: 0 });
  await assert.rejects(connect('guest', 'n1'), { message: shared });
  await engine.containers.remove('guest', { force: true });
});

test('addresses that cannot be are refused before a container is made', async () => {
  const wrong: [string, EndpointSettings][] = [
    ['n1', { IPAMConfig: { IPv4Address: '10.99.9.9' } }],
    ['none', { IPAMConfig: { IPv4Address: '10.99.9.9' } }],
    ['n1', { DriverOpts: { 'com.docker.network.endpoint.sysctls': 'net.ipv4.ip_forward=1' } }],
  ];
  for (const [NetworkMode, settings] of wrong) {
    const request = {
      Image: 'busybox',
      HostConfig: { NetworkMode },
      NetworkingConfig: { EndpointsConfig: { [NetworkMode]: settings } },
    };
    await assert.rejects(engine.containers.create(request, { name: 'wrong' }), { kind: 'invalid' });
  }
  const all = await engine.containers.list({ all: true });
  assert.equal(
    all.some(({ Names }) => Names.includes('/wrong')),
    false,
  );
});

test('kernel settings of a link are made for it, by whatever name it has', async () => {
  const sysctls = 'net.ipv4.conf.IFNAME.log_martians=1,net.ipv4.conf.IFNAME.forwarding=0';
  const DriverOpts = { 'com.docker.network.endpoint.sysctls': sysctls };
  const Cmd = ['sh', '-c', 'cd /proc/sys/net/ipv4/conf; cat eth?/log_martians eth?/forwarding'];
  const ran = await runIn(engine, {
    Cmd,
    HostConfig: { NetworkMode: 'n1' },
    NetworkingConfig: { EndpointsConfig: { n1: {}, n2: { DriverOpts } } },
  });
  assert.equal(ran.stdout, '0\n1\n1\n0\n', ran.stderr);
  await engine.containers.remove(ran.id);
  await run('joins', 'n1');
  const unknown = { 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.nonsense=1' };
  await assert.rejects(
    connect('joins', 'n2', { DriverOpts: unknown }),
    /eth1\/nonsense is not a sysctl file/,
  );
  assert.deepEqual(Object.keys(await addresses('joins')), ['n1'], 'nothing is left of it');
  await connect('joins', 'n2', { DriverOpts });
  await engine.containers.remove('joins', { force: true });
});
