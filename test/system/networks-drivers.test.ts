// The other drivers and what networks can be told: macvlan, ipvlan, several subnets, configurations, priorities, names.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { observeLink, observeLinks, observeRoutes } from '#kernel/links.ts';
import { inNetns } from '#kernel/netns.ts';
import { hasSctp } from '#kernel/sockets.ts';
import { run } from '#kernel/spawn.ts';
import { NetworksFixture } from './networks-fixture.ts';
import { enterOwnHost, host, ip, world } from './networks-own-host.ts';

const place = await enterOwnHost();
const fixture = new NetworksFixture('10.214.40.1/24', { publishAddress: '127.0.0.1' });
after(async () => {
  await fixture.close();
  place.close();
});

/** Why a test of this kind of link cannot run here. */
async function lacking(kind: string, ...more: string[]): Promise<string | false> {
  const made = await run('ip', ['link', 'add', 'link', 'out0', 'name', 'probe0', 'type', kind, ...more]);
  if (made.code !== 0) return `the kernel has no ${kind} links`;
  await ip(['link', 'del', 'probe0']);
  return false;
}

const noIpvlan = (await lacking('ipvlan')) || (await lacking('dummy'));
const noVlan = await lacking('vlan', 'id', '9');

const { networks } = fixture;
const pool = (Subnet: string, more: object = {}) => ({ IPAM: { Config: [{ Subnet, ...more }] } });
const linkOf = (name: string, link = 'eth0') =>
  inNetns(fixture.netns(name), observeLinks).find((each) => each.name === link);
const defaultOf = (name: string) =>
  inNetns(fixture.netns(name), observeRoutes).find(({ destination }) => destination === '0.0.0.0/0');

test('macvlan: containers stand in the network of the parent, beside its neighbours', async () => {
  await networks.ready;
  await networks.create({
    Name: 'lan',
    Driver: 'macvlan',
    ...pool('192.0.2.0/24', {
      Gateway: world.ipv4,
      IPRange: '192.0.2.128/26',
      AuxiliaryAddresses: { me: '192.0.2.128' },
    }),
    Options: { parent: 'out0' },
  });
  await fixture.attach('m1', { networkMode: 'lan' });
  const { networks: given } = await fixture.attach('m2', { networkMode: 'lan' });
  assert.equal(given['lan']?.IPAddress, '192.0.2.130');
  assert.equal(given['lan']?.Gateway, world.ipv4);
  assert.equal(linkOf('m2')?.kind, 'macvlan');
  assert.equal(linkOf('m2')?.mac, given['lan']?.MacAddress);
  await fixture.serve('m2', 80, 'm2');
  await fixture.serveAt(place.worldNetns, 90, 'world');
  assert.match(await fixture.ask('m1', '192.0.2.130', 80), /^m2 .*192\.0\.2\.129$/);
  assert.match(await fixture.ask('m1', world.ipv4, 90), /^world .*192\.0\.2\.129$/);
  assert.equal(networks.inspect('lan').Driver, 'macvlan');
  await assert.rejects(
    networks.create({
      Name: 'lan2',
      Driver: 'ipvlan',
      ...pool('198.51.100.0/24'),
      Options: { parent: 'out0' },
    }),
    { kind: 'conflict', message: 'network lan is already using parent interface out0' },
  );
  await assert.rejects(
    networks.create({
      Name: 'lan2',
      Driver: 'macvlan',
      ...pool('198.51.100.0/24'),
      Options: { parent: 'no0' },
    }),
    { message: 'parent interface no0 does not exist' },
  );
  await assert.rejects(
    networks.create({ Name: 'lan2', Driver: 'macvlan', Options: { parent: 'out0', macvlan_mode: 'odd' } }),
    { kind: 'invalid', hint: /bridge/ },
  );
  for (const name of ['m1', 'm2']) await fixture.detach(name);
  await networks.remove('lan');
  assert.notEqual(observeLink('out0'), undefined, 'the parent was not ours');
});

test('a VLAN of the parent is made for a network, and goes with it', { skip: noVlan }, async () => {
  await networks.create({
    Name: 'vlan',
    Driver: 'macvlan',
    ...pool('198.51.100.0/24'),
    Options: { parent: 'out0.50' },
  });
  assert.equal(observeLink('out0.50')?.kind, 'vlan');
  await fixture.attach('v1', { networkMode: 'vlan' });
  assert.equal(linkOf('v1')?.kind, 'macvlan');
  await fixture.detach('v1');
  await networks.remove('vlan');
  assert.equal(observeLink('out0.50'), undefined);
});

test('ipvlan in its modes; without a parent it leads nowhere', { skip: noIpvlan }, async () => {
  await networks.create({
    Name: 'ip2',
    Driver: 'ipvlan',
    ...pool('192.0.2.0/24', { Gateway: world.ipv4, IPRange: '192.0.2.64/26' }),
    Options: { parent: 'out0' },
  });
  await fixture.attach('i1', { networkMode: 'ip2' });
  assert.equal(linkOf('i1')?.kind, 'ipvlan');
  assert.equal(linkOf('i1')?.mac, observeLink('out0')?.mac);
  assert.match(await fixture.ask('i1', world.ipv4, 90), /^world .*192\.0\.2\.64$/);
  await networks.create({
    Name: 'ip3',
    Driver: 'ipvlan',
    IPAM: { Config: [{ Subnet: '198.51.100.0/24' }, { Subnet: '203.0.113.0/24' }] },
    Options: { ipvlan_mode: 'l3' },
  });
  assert.equal(networks.inspect('ip3').Internal, true);
  const first = await fixture.attach('l1', { networkMode: 'ip3' });
  assert.equal(first.networks['ip3']?.Gateway, '');
  await fixture.attach('l2', {
    networkMode: 'ip3',
    endpoints: { ip3: { IPAMConfig: { IPv4Address: '203.0.113.9' } } },
  });
  await fixture.serve('l2', 80, 'l2');
  assert.match(await fixture.ask('l1', '203.0.113.9', 80), /^l2 /);
  for (const name of ['i1', 'l1', 'l2']) await fixture.detach(name);
  for (const name of ['ip2', 'ip3']) await networks.remove(name);
});

test('a kind of link that the kernel has not is refused in words', {
  skip: noIpvlan === false && 'it has ipvlan',
}, async () => {
  await networks.create({
    Name: 'none2',
    Driver: 'ipvlan',
    ...pool('198.51.100.0/24'),
    Options: { parent: 'out0' },
  });
  await assert.rejects(fixture.attach('no', { networkMode: 'none2' }), {
    kind: 'unsupported',
    message: 'the kernel has no ipvlan links',
  });
  await networks.remove('none2');
});

test('a bridge network of several subnets', async () => {
  await networks.create({
    Name: 'wide',
    IPAM: { Config: [{ Subnet: '10.214.41.0/30' }, { Subnet: '10.214.42.0/24' }] },
  });
  await fixture.attach('w1', { networkMode: 'wide' });
  const { networks: given } = await fixture.attach('w2', { networkMode: 'wide' });
  assert.deepEqual([given['wide']?.IPAddress, given['wide']?.Gateway], ['10.214.42.2', '10.214.42.1']);
  await fixture.serve('w2', 80, 'w2');
  assert.match(await fixture.ask('w1', '10.214.42.2', 80), /^w2 .*10\.214\.41\.2$/);
  assert.equal(await fixture.lookup('w2', 'w1', '10.214.41.1'), '10.214.41.2');
  for (const name of ['w1', 'w2']) await fixture.detach(name);
  await networks.remove('wide');
});

test('options: the name of the bridge, its mtu, names of links, a binding address', async () => {
  await networks.create({
    Name: 'named',
    ...pool('10.214.43.0/24'),
    Options: {
      'com.docker.network.bridge.name': 'own0',
      'com.docker.network.driver.mtu': '1400',
      'com.docker.network.container_iface_prefix': 'net',
      'com.docker.network.bridge.host_binding_ipv4': host.ipv4,
    },
  });
  assert.equal(observeLink('own0')?.mtu, 1400);
  const { ports } = await fixture.attach('o1', {
    networkMode: 'named',
    portBindings: { '80/tcp': [{ HostPort: '20941' }] },
  });
  assert.equal(linkOf('o1', 'net0')?.mtu, 1400);
  assert.deepEqual(ports['80/tcp'], [{ HostIp: host.ipv4, HostPort: '20941' }]);
  const other = await fixture.attach('o2', { portBindings: { '80/tcp': [{ HostPort: '20941' }] } });
  assert.deepEqual(
    other.ports['80/tcp'],
    [{ HostIp: '127.0.0.1', HostPort: '20941' }],
    'the engine’s own choice',
  );
  const settings = { DriverOpts: { 'com.docker.network.endpoint.ifname': 'wan' } };
  await fixture.attach('o3', { networkMode: 'named', endpoints: { named: settings } });
  assert.equal(linkOf('o3', 'wan')?.up, true);
  const odd: Record<string, string>[] = [
    { 'com.docker.network.driver.mtu': 'large' },
    { 'com.docker.network.bridge.enable_icc': 'perhaps' },
    { 'com.docker.network.bridge.name': 'much-too-long-for-a-link' },
    { 'com.docker.network.bridge.name': 'own0' },
  ];
  for (const Options of odd)
    await assert.rejects(
      networks.create({ Name: 'odd', Options }),
      /invalid|exists already/,
      JSON.stringify(Options),
    );
  for (const name of ['o1', 'o2', 'o3']) await fixture.detach(name);
  await networks.remove('named');
});

test('a configuration gives others its settings, and is no network itself', async () => {
  await networks.create({
    Name: 'settings',
    ConfigOnly: true,
    ...pool('10.214.44.0/24'),
    Labels: { a: 'b' },
  });
  await assert.rejects(fixture.attach('no', { networkMode: 'settings' }), { kind: 'forbidden' });
  await networks.create({ Name: 'made', ConfigFrom: { Network: 'settings' } });
  const made = networks.inspect('made');
  assert.deepEqual(made.IPAM.Config, [{ Subnet: '10.214.44.0/24', Gateway: '10.214.44.1' }]);
  assert.deepEqual([made.Labels, made.ConfigFrom], [{ a: 'b' }, { Network: 'settings' }]);
  assert.equal(networks.inspect('settings').ConfigOnly, true);
  await assert.rejects(networks.remove('settings'), {
    kind: 'forbidden',
    message: /is in use by network made/,
  });
  await assert.rejects(
    networks.create({ Name: 'both', ConfigFrom: { Network: 'settings' }, Internal: true }),
    { kind: 'forbidden' },
  );
  await networks.remove('made');
  await networks.remove('settings');
});

test('the way out goes by the network of the highest priority, also when networks come and go', async () => {
  for (const [index, Name] of ['p1', 'p2', 'p3'].entries())
    await networks.create({ Name, ...pool(`10.214.${45 + index}.0/24`) });
  await fixture.attach('g', {
    networkMode: 'p1',
    endpoints: { p1: {}, p2: { GwPriority: 5 } },
    portBindings: { '80/tcp': [{ HostPort: '20942' }] },
  });
  await fixture.serve('g', 80, 'g');
  assert.equal(defaultOf('g')?.gateway, '10.214.46.1');
  await networks.connect('p3', fixture.idOf('g'), { GwPriority: 9 });
  assert.equal(defaultOf('g')?.gateway, '10.214.47.1');
  await networks.disconnect('p3', fixture.idOf('g'));
  assert.equal(defaultOf('g')?.gateway, '10.214.46.1');
  assert.match(await fixture.ask(undefined, '127.0.0.1', 20942), /^g .*10\.214\.46\.1$/);
  await networks.disconnect('p2', fixture.idOf('g'));
  assert.match(await fixture.ask(undefined, '127.0.0.1', 20942), /^g .*10\.214\.45\.1$/, 'the port moved');
  await networks.disconnect('p1', fixture.idOf('g'));
  assert.equal(await fixture.ask(undefined, '127.0.0.1', 20942), 'ECONNREFUSED');
  await fixture.detach('g');
});

test('one name for several containers gives all of them; links are names of one’s own', async () => {
  for (const name of ['a1', 'a2', 'a3'])
    await fixture.attach(name, { networkMode: 'p1', endpoints: { p1: { Aliases: ['service'] } } });
  const all = await fixture.lookup('a1', 'service', '10.214.45.1');
  assert.equal(all.split(',').length, 3);
  const hostsPath = join(fixture.root, 'linked-hosts');
  writeFileSync(hostsPath, '');
  const links = [{ target: 'a2', alias: 'friend' }];
  await fixture.attach('linked', { networkMode: 'p1', links, hostsPath });
  const [address = '', names] = readFileSync(hostsPath, 'utf8').split('\t');
  assert.deepEqual(
    [all.split(',').includes(address), names?.split(' ').slice(0, 2)],
    [true, ['friend', 'a2']],
  );
  const { hosts: gateway } = await fixture.attach('hosted', {
    extraHosts: ['outside:host-gateway', 'x=fd00::9'],
  });
  assert.deepEqual(gateway.slice(0, 2), [
    { ip: '10.214.40.1', names: ['outside'] },
    { ip: 'fd00::9', names: ['x'] },
  ]);
  for (const name of ['a1', 'a2', 'a3', 'linked', 'hosted']) await fixture.detach(name);
});

test('sctp is published where the kernel has it, and refused in words where not', async () => {
  const attach = () => fixture.attach('sctp', { portBindings: { '80/sctp': [{ HostPort: '20943' }] } });
  if (hasSctp()) {
    const { ports } = await attach();
    assert.equal(ports['80/sctp']?.[0]?.HostPort, '20943');
    await fixture.detach('sctp');
  } else
    await assert.rejects(attach, {
      kind: 'unsupported',
      message: /the kernel has no SCTP/,
      hint: /modprobe/,
    });
});

test('two hundred networks have subnets of their own, none of them the host’s', async () => {
  await ip(['route', 'add', '10.128.3.0/24', 'via', world.ipv4]);
  const names = Array.from({ length: 200 }, (_, index) => `n${index}`);
  for (const Name of names) await networks.create({ Name });
  const subnets = names.map((name) => networks.inspect(name).IPAM.Config?.[0]?.Subnet);
  assert.equal(new Set(subnets).size, 200);
  assert.ok(!subnets.includes('10.128.3.0/24'), 'the host has a route there');
  const { NetworksDeleted } = await networks.prune();
  assert.ok(NetworksDeleted.length >= 200);
  assert.doesNotMatch(readFileSync('/proc/net/dev', 'utf8'), / wh-/);
});
