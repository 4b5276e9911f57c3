// What networks can be told: several subnets, options, configurations, priorities, names.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { observeLink, observeLinks, observeRoutes, removeLink } from '#kernel/links.ts';
import { ensureNetns, inNetns, removeNetns } from '#kernel/netns.ts';
import { NetworksFixture } from './networks-fixture.ts';
import { enterOwnHost, host, ip, world } from './networks-own-host.ts';

const place = await enterOwnHost();
const fixture = new NetworksFixture('10.214.40.1/24', { publishAddress: '127.0.0.1' });
after(async () => {
  await fixture.close();
  place.close();
});

const { networks } = fixture;
const pool = (Subnet: string, more: object = {}) => ({ IPAM: { Config: [{ Subnet, ...more }] } });
const linkOf = (name: string, link = 'eth0') =>
  inNetns(fixture.netns(name), observeLinks).find((each) => each.name === link);
const defaultOf = (name: string) =>
  inNetns(fixture.netns(name), observeRoutes).find(({ destination }) => destination === '0.0.0.0/0');

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
    { 'com.docker.network.bridge.name': 'lo' },
  ];
  for (const Options of odd)
    await assert.rejects(
      networks.create({ Name: 'odd', Options }),
      /invalid|networks have same bridge name|existing interface lo is not a bridge/,
      JSON.stringify(Options),
    );
  for (const name of ['o1', 'o2', 'o3']) await fixture.detach(name);
  await networks.remove('named');
});

test('a bridge that is there already is joined, with whoever is on it, and stays', async () => {
  const lan = fixture.netns('lan');
  ensureNetns(lan);
  await ip(['link', 'add', 'lan0', 'type', 'bridge']);
  await ip(['link', 'add', 'lan1', 'master', 'lan0', 'up', 'type', 'veth', 'peer', 'name', 'in1']);
  await ip(['link', 'set', 'in1', 'netns', lan]);
  await inNetns(lan, () => ip(['addr', 'add', '10.214.49.9/24', 'dev', 'in1']));
  await inNetns(lan, () => ip(['link', 'set', 'in1', 'up']));
  await fixture.serveAt(lan, 90, 'router');
  const isThere = (): boolean =>
    observeLinks().some(({ name, kind }) => name === 'lan0' && kind === 'bridge');
  const request = {
    Name: 'lan',
    IPAM: { Config: [{ Subnet: '10.214.49.0/24', Gateway: '10.214.49.9', IPRange: '10.214.49.128/25' }] },
    Options: {
      'com.docker.network.bridge.name': 'lan0',
      'com.docker.network.bridge.inhibit_ipv4': 'true',
    },
  };
  await networks.create(request);
  await assert.rejects(networks.create({ ...request, Name: 'lan2' }), /networks have same bridge name/);
  const { networks: on } = await fixture.attach('l1', { networkMode: 'lan' });
  await fixture.serve('l1', 80, 'l1');
  assert.match(await fixture.ask('l1', '10.214.49.9', 90), /^router /);
  const asked = await fixture.ask('lan', on['lan']?.IPAddress ?? '', 80);
  assert.match(asked, /^l1 /, 'from the machine on the bridge');
  await fixture.detach('l1');
  await networks.remove('lan');
  assert.equal(isThere(), true);

  await ip(['addr', 'add', '10.214.48.1/24', 'dev', 'lan0']);
  const own = { ...request, IPAM: { Config: [{ Subnet: '10.214.48.0/24' }] } };
  await networks.create({ ...own, Options: { 'com.docker.network.bridge.name': 'lan0' } });
  await fixture.attach('l2', { networkMode: 'lan' });
  await fixture.serve('l2', 80, 'l2');
  assert.match(await fixture.ask(undefined, '10.214.48.2', 80), /^l2 /, 'the bridge has the address already');
  await fixture.detach('l2');
  await networks.remove('lan');
  assert.equal(isThere(), true);
  removeLink('lan0');
  removeNetns(lan);
});

test('so is the default network on a bridge that is there: its subnet is the bridge’s', async () => {
  await ip(['link', 'add', 'mine0', 'up', 'type', 'bridge']);
  await ip(['addr', 'add', '10.214.58.7/24', 'dev', 'mine0']);
  const other = new NetworksFixture('', { bridge: { name: 'mine0' }, tableName: `${fixture.table}m` });
  await other.networks.ready;
  const { IPAM } = other.networks.inspect('bridge');
  assert.deepEqual(IPAM.Config, [{ Subnet: '10.214.58.0/24', Gateway: '10.214.58.7' }]);
  const { networks: on } = await other.attach('m1');
  assert.equal(on['bridge']?.Gateway, '10.214.58.7');
  await other.reopen();
  await other.close();
  assert.equal(observeLink('mine0')?.kind, 'bridge', 'and it stays');
  removeLink('mine0');
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
  assert.deepEqual(
    networks.inspect('settings').IPAM.Config,
    [{ Subnet: '10.214.44.0/24' }],
    'as it was told',
  );
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
