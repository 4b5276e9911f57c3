// IPv6 on a host of its own: dual stack, IPv6 alone, routed, names, published ports on every kind of address.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { inNetns } from '#kernel/netns.ts';
import { readSysctl, writeSysctl } from '#kernel/sysctl.ts';
import { NetworksFixture } from './networks-fixture.ts';
import { enterOwnHost, host, ip, world } from './networks-own-host.ts';

const place = await enterOwnHost();
const fixture = new NetworksFixture('10.214.8.1/24');
after(async () => {
  await fixture.close();
  place.close();
});

const dual = {
  EnableIPv6: true,
  IPAM: { Config: [{ Subnet: '10.214.9.0/24' }, { Subnet: 'fd00:214:9::/64' }] },
};
const publish = (HostPort: string, HostIp = '') => ({ portBindings: { '80/tcp': [{ HostIp, HostPort }] } });

test('a network of both families gives addresses and gateways of both', async () => {
  await fixture.networks.ready;
  await fixture.networks.create({ Name: 'dual', ...dual });
  const { EnableIPv4, EnableIPv6, IPAM } = fixture.networks.inspect('dual');
  assert.deepEqual([EnableIPv4, EnableIPv6], [true, true]);
  assert.deepEqual(IPAM.Config, [
    { Subnet: '10.214.9.0/24', Gateway: '10.214.9.1' },
    { Subnet: 'fd00:214:9::/64', Gateway: 'fd00:214:9::1' },
  ]);
  const { networks, nameservers } = await fixture.attach('one', { networkMode: 'dual' });
  assert.equal(networks['dual']?.IPAddress, '10.214.9.2');
  assert.equal(networks['dual']?.GlobalIPv6Address, 'fd00:214:9::2');
  assert.equal(networks['dual']?.GlobalIPv6PrefixLen, 64);
  assert.equal(networks['dual']?.IPv6Gateway, 'fd00:214:9::1');
  assert.deepEqual(nameservers, ['10.214.9.1']);
  const row = fixture.networks.inspect('dual').Containers[fixture.idOf('one')];
  assert.equal(row?.IPv6Address, 'fd00:214:9::2/64');
  assert.equal(readSysctl('net.ipv6.conf.all.forwarding'), '1');
});

test('static addresses of both families, and their refusal', async () => {
  const { networks } = await fixture.attach('two', {
    networkMode: 'dual',
    endpoints: {
      dual: {
        Aliases: ['db'],
        MacAddress: '02:00:00:00:00:77',
        IPAMConfig: { IPv4Address: '10.214.9.77', IPv6Address: 'fd00:214:9:0::77' },
      },
    },
  });
  assert.equal(networks['dual']?.GlobalIPv6Address, 'fd00:214:9::77');
  assert.equal(networks['dual']?.MacAddress, '02:00:00:00:00:77');
  const ask = (settings: object) =>
    fixture.attach('no', { networkMode: 'dual', endpoints: { dual: settings } });
  await assert.rejects(ask({ IPAMConfig: { IPv6Address: 'fd00:214:9::77' } }), {
    message: 'Address already in use',
  });
  await assert.rejects(ask({ IPAMConfig: { IPv6Address: 'fd00:99::1' } }), {
    kind: 'invalid',
    hint: /fd00:214:9::\/64/,
  });
  await assert.rejects(ask({ IPAMConfig: { IPv6Address: 'nonsense' } }), { kind: 'invalid' });
  await assert.rejects(ask({ MacAddress: '02:00:00:00:00:77' }), { kind: 'conflict', hint: /two has it/ });
  const { networks: next } = await fixture.attach('three', {
    networkMode: 'dual',
    endpoints: { dual: { IPAMConfig: { IPv4Address: '10.214.9.5' } } },
  });
  assert.equal(next['dual']?.IPAddress, '10.214.9.5', 'refused attempts keep no address');
});

test('names have AAAA records, and addresses have names', async () => {
  for (const name of ['two', 'db']) {
    assert.equal(await fixture.lookup('one', name, '10.214.9.1', 'AAAA'), 'fd00:214:9::77', name);
    assert.equal(await fixture.lookup('one', name, '10.214.9.1'), '10.214.9.77', name);
    assert.equal(await fixture.lookup('one', name, 'fd00:214:9::1', 'AAAA'), 'fd00:214:9::77', name);
  }
  assert.match(await fixture.lookup('one', '10.214.9.77', '10.214.9.1', 'PTR'), /\btwo\b/);
  assert.match(await fixture.lookup('one', 'fd00:214:9::77', '10.214.9.1', 'PTR'), /\btwo\b/);
});

test('containers reach each other and the world by IPv6, as the host', async () => {
  await fixture.serve('two', 80, 'two');
  assert.match(await fixture.ask('one', 'fd00:214:9::77', 80), /^two fd00:214:9::2$/);
  await fixture.serveAt(place.worldNetns, 90, 'world');
  assert.equal(await fixture.ask('one', world.ipv6, 90), `world ${host.ipv6}`);
  assert.equal(await fixture.ask('one', world.ipv4, 90), `world ::ffff:${host.ipv4}`);
});

test('a port that names no address answers on both families, from everywhere', async () => {
  const { ports } = await fixture.attach('web', { networkMode: 'dual', ...publish('20911') });
  assert.deepEqual(ports['80/tcp'], [
    { HostIp: '0.0.0.0', HostPort: '20911' },
    { HostIp: '::', HostPort: '20911' },
  ]);
  await fixture.serve('web', 80, 'web');
  for (const address of ['127.0.0.1', '::1', host.ipv4, host.ipv6, 'fd00:214:9::1']) {
    assert.match(await fixture.ask(undefined, address, 20911), /^web /, `host to ${address}`);
  }
  assert.match(await place.askFromWorld(host.ipv4, 20911), /^web .*192\.0\.2\.2$/);
  assert.match(await place.askFromWorld(host.ipv6, 20911), /^web 2001:db8:9::2$/);
  assert.match(await fixture.ask('one', host.ipv6, 20911), /^web /, 'from a neighbour');
  assert.match(await fixture.ask('web', host.ipv6, 20911), /^web /, 'from itself');
  assert.notEqual(await place.askFromWorld('fd00:214:9::1', 20911), 'web');
});

test('ports on one IPv6 address answer there only', async () => {
  await fixture.attach('local', { networkMode: 'dual', ...publish('20912', '::1') });
  await fixture.serve('local', 80, 'local');
  assert.match(await fixture.ask(undefined, '::1', 20912), /^local /);
  assert.equal(await fixture.ask(undefined, host.ipv6, 20912), 'ECONNREFUSED');
  assert.equal(await fixture.ask(undefined, '127.0.0.1', 20912), 'ECONNREFUSED');
  assert.equal(await place.askFromWorld(host.ipv6, 20912), 'ECONNREFUSED');
  await fixture.attach('outer', { networkMode: 'dual', ...publish('20913', host.ipv6) });
  await fixture.serve('outer', 80, 'outer');
  assert.match(await place.askFromWorld(host.ipv6, 20913), /^outer /);
  assert.equal(await fixture.ask(undefined, '::1', 20913), 'ECONNREFUSED');
  await assert.rejects(fixture.attach('no', { networkMode: 'dual', ...publish('20911', '::1') }), {
    message: 'Bind for [::1]:20911 failed: port is already allocated',
    hint: /web/,
  });
});

test('a container without IPv6 answers on an IPv6 address all the same, by a copy of the bytes', async () => {
  await fixture.attach('old', publish('20914', '::'));
  await fixture.serve('old', 80, 'old');
  assert.match(await fixture.ask(undefined, '::1', 20914), /^old /);
  assert.match(await place.askFromWorld(host.ipv6, 20914), /^old /);
});

test('packets are copied to it as well, each answer to whoever asked', async () => {
  await fixture.attach('packets', { portBindings: { '80/udp': [{ HostIp: '::', HostPort: '20915' }] } });
  await fixture.serve('packets', 80, 'packets');
  const places = ['::1', host.ipv6, '::1', host.ipv6];
  const answers = await Promise.all(places.map((place) => fixture.askUdp(place, 20915)));
  assert.deepEqual(answers, ['packets', 'packets', 'packets', 'packets']);
  assert.equal(await fixture.askUdp('127.0.0.1', 20915), 'timeout', 'on no other family');
  await fixture.detach('packets');
  assert.equal(await fixture.askUdp('::1', 20915), 'timeout', 'the port was given back');
});

test('where bridged packets pass no IPv6 tables, ::1 is translated by the kernel and needs no engine', async () => {
  const before = readSysctl('net.bridge.bridge-nf-call-ip6tables');
  if (before !== undefined) writeSysctl('net.bridge.bridge-nf-call-ip6tables', 0);
  const names = ['one', 'two', 'three', 'web', 'local', 'outer', 'old'];
  await fixture.reopen();
  await fixture.networks.recover(
    names.map((name) => ({ containerId: fixture.idOf(name), netnsPath: fixture.netns(name) })),
  );
  assert.match(await fixture.ask(undefined, '::1', 20911), /^web fd00:214:9::1$/);
  assert.match(await fixture.ask(undefined, '::1', 20912), /^local fd00:214:9::1$/);
  await fixture.networks.close();
  assert.match(await fixture.ask(undefined, '::1', 20911), /^web fd00:214:9::1$/, 'the engine is down');
  await fixture.reopen();
});

test('a network without a subnet of its own choice gets one of the engine, on both families', async () => {
  await fixture.networks.create({ Name: 'auto', EnableIPv6: true });
  const { IPAM } = fixture.networks.inspect('auto');
  assert.match(IPAM.Config?.[1]?.Subnet ?? '', /^fd[0-9a-f:]+::\/64$/);
  await fixture.networks.create({ Name: 'auto2', EnableIPv6: true });
  assert.notEqual(
    fixture.networks.inspect('auto2').IPAM.Config?.[1]?.Subnet,
    fixture.networks.inspect('auto').IPAM.Config?.[1]?.Subnet,
  );
});

test('IPv6 alone', async () => {
  await fixture.networks.create({
    Name: 'six',
    EnableIPv4: false,
    EnableIPv6: true,
    IPAM: { Config: [{ Subnet: 'fd00:214:6::/64' }] },
  });
  const { networks, nameservers, hosts } = await fixture.attach('s1', { networkMode: 'six' });
  assert.equal(networks['six']?.IPAddress, '');
  assert.equal(networks['six']?.GlobalIPv6Address, 'fd00:214:6::2');
  assert.deepEqual(nameservers, ['fd00:214:6::1']);
  assert.deepEqual(hosts, [{ ip: 'fd00:214:6::2', names: ['s1-host'] }]);
  await fixture.attach('s2', { networkMode: 'six' });
  assert.equal(await fixture.lookup('s1', 's2', 'fd00:214:6::1', 'AAAA'), 'fd00:214:6::3');
  await assert.rejects(fixture.networks.create({ Name: 'nothing', EnableIPv4: false }), { kind: 'invalid' });
});

test('a routed network is reached at its own addresses, at published ports only', async () => {
  await fixture.networks.create({
    Name: 'routed',
    EnableIPv6: true,
    IPAM: { Config: [{ Subnet: '10.214.10.0/24' }, { Subnet: '2001:db8:10::/64' }] },
    Options: { 'com.docker.network.bridge.gateway_mode_ipv6': 'routed' },
  });
  await inNetns(place.worldNetns, () => ip(['-6', 'route', 'add', '2001:db8:10::/64', 'via', host.ipv6]));
  const { networks } = await fixture.attach('r', { networkMode: 'routed', ...publish('20916', '::') });
  const address = networks['routed']?.GlobalIPv6Address ?? '';
  await fixture.serve('r', 80, 'r');
  await fixture.serve('r', 81, 'hidden');
  assert.match(await place.askFromWorld(address, 80), /^r 2001:db8:9::2$/);
  assert.equal(await place.askFromWorld(address, 81), 'timeout');
  assert.equal(await place.askFromWorld(host.ipv6, 20916), 'ECONNREFUSED', 'no port of the host');
});

test('networks of different families and subnets that clash are refused by name', async () => {
  const create = (Subnet: string) =>
    fixture.networks.create({ Name: 'clash', EnableIPv6: true, IPAM: { Config: [{ Subnet }] } });
  await assert.rejects(create('fd00:214:9::/48'), { kind: 'forbidden', hint: /dual/ });
  await assert.rejects(create('fd00::1::/64'), { kind: 'invalid' });
  await assert.rejects(
    fixture.networks.create({
      Name: 'clash',
      EnableIPv6: true,
      IPAM: { Config: [{ Subnet: 'fd00:5::/64', Gateway: 'fd00:6::1' }] },
    }),
    { kind: 'invalid', message: /fd00:6::1 is not in the subnet/ },
  );
});

test('a host that wants no IPv6 on its links has it on bridges that are made for it, whatever they are called', async () => {
  for (const which of ['all', 'default']) writeSysctl(`net.ipv6.conf.${which}.disable_ipv6`, 1);
  const IPAM = { Config: [{ Subnet: 'fd00:214:16::/64' }] };
  const Options = { 'com.docker.network.bridge.name': 'br.six' };
  await fixture.networks.create({ Name: 'wanted', EnableIPv6: true, IPAM, Options });
  await fixture.attach('z1', { networkMode: 'wanted' });
  await fixture.serve('z1', 80, 'six');
  await fixture.attach('z2', { networkMode: 'wanted' });
  assert.match(await fixture.ask('z2', 'fd00:214:16::2', 80), /^six fd00:214:16::3$/);
  assert.match(await ip(['-6', 'addr', 'show', 'dev', 'br.six']), /fd00:214:16::1\/64/);
  const tiny = {
    ...Options,
    'com.docker.network.bridge.name': 'tiny0',
    'com.docker.network.driver.mtu': '1000',
  };
  await assert.rejects(fixture.networks.create({ Name: 'tiny', EnableIPv6: true, Options: tiny }), {
    kind: 'unsupported',
    message: 'the kernel has no IPv6 for the link tiny0',
  });
  for (const name of ['z1', 'z2']) await fixture.detach(name);
  await fixture.networks.remove('wanted');
  for (const which of ['all', 'default']) writeSysctl(`net.ipv6.conf.${which}.disable_ipv6`, 0);
});
