// What goes wrong with networks: pools run dry, subnets are taken meanwhile, the engine is killed in the middle.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { observeElements } from '#kernel/firewall.ts';
import { observeLinks } from '#kernel/links.ts';
import { inNetns, isNetns } from '#kernel/netns.ts';
import { startProgram } from '#kernel/spawn.ts';
import { writeSysctl } from '#kernel/sysctl.ts';
import { NetworksFixture } from './networks-fixture.ts';
import { enterOwnHost, ip } from './networks-own-host.ts';

const place = await enterOwnHost();
const fixture = new NetworksFixture('10.214.50.1/24');
after(async () => {
  await fixture.close();
  place.close();
});

const pool = (Subnet: string, more: object = {}) => ({ IPAM: { Config: [{ Subnet, ...more }] } });

test('a subnet that is full says so, and the attempt leaves nothing', async () => {
  await fixture.networks.ready;
  await fixture.networks.create({ Name: 'tiny', ...pool('10.214.51.0/30') });
  await fixture.attach('only', { networkMode: 'tiny' });
  await assert.rejects(fixture.attach('late', { networkMode: 'tiny', endpoints: { bridge: {} } }), {
    kind: 'conflict',
    message: "no available IPv4 addresses on this network's address pools",
  });
  assert.equal(isNetns(fixture.netns('late')), false);
  await fixture.detach('only');
  await fixture.attach('late', { networkMode: 'tiny' });
  await fixture.detach('late');
});

test('pools of the engine that run dry say so', async () => {
  const small = new NetworksFixture('10.214.52.1/24', {
    bridge: { name: `wht${process.pid}`, subnet: '10.214.52.1/24' },
    tableName: `wht${process.pid}`,
    pools: [{ base: '10.214.53.0/28', size: 29 }],
  });
  await small.networks.ready;
  for (const Name of ['one', 'two']) await small.networks.create({ Name });
  assert.equal(small.networks.inspect('two').IPAM.Config?.[0]?.Subnet, '10.214.53.8/29');
  await assert.rejects(small.networks.create({ Name: 'three' }), {
    kind: 'conflict',
    message: 'all predefined address pools have been fully subnetted',
  });
  await small.close();
});

test('hardware addresses that no link can have, and host addresses without their link, are refused in words', async () => {
  await fixture.networks.create({ Name: 'macs', ...pool('10.214.57.0/24') });
  for (const MacAddress of ['01:42:aa:bb:cc:dd', 'ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00', '02:42:aa:bb:cc'])
    await assert.rejects(
      fixture.attach('odd', { networkMode: 'macs', endpoints: { macs: { MacAddress } } }),
      { kind: 'invalid', message: `invalid MAC address: ${MacAddress}` },
      MacAddress,
    );
  const portBindings = { '80/tcp': [{ HostIp: 'fe80::1', HostPort: '20971' }] };
  await assert.rejects(fixture.attach('odd', { networkMode: 'macs', portBindings }), {
    kind: 'invalid',
    message: /^listen tcp \[fe80::1\]:20971: bind: /,
  });
  await fixture.networks.remove('macs');
});

test('subnets, gateways and ranges that cannot be are refused, each in words', async () => {
  const wrong: [object, RegExp][] = [
    [pool('10.214.51.0/24'), /Pool overlaps/],
    [{ IPAM: { Config: [{ Subnet: '10.214.54.0/24' }, { Subnet: '10.214.54.128/25' }] } }, /Pool overlaps/],
    [pool('10.214.54.0/24', { Gateway: '10.9.9.9' }), /10\.9\.9\.9 is not in the subnet/],
    [pool('10.214.54.0/24', { IPRange: '10.9.9.0/25' }), /invalid ip-range 10\.9\.9\.0\/25/],
    [pool('10.214.54.0/24', { AuxiliaryAddresses: { a: '10.9.9.9' } }), /10\.9\.9\.9 is not in the subnet/],
    [pool('10.214.54.0/32'), /no room for containers/],
    [pool('ten'), /invalid CIDR address: ten/],
    [pool('192.0.2.0/25'), /Pool overlaps/],
    [pool('127.0.0.0/8'), /Pool overlaps/],
    [pool('239.1.0.0/16'), /its addresses are those of groups/],
    [{ EnableIPv6: true, ...pool('ff05::/64') }, /its addresses are those of groups/],
    [
      pool('10.214.54.0/24', { Gateway: '10.214.54.9', AuxiliaryAddresses: { a: '10.214.54.9' } }),
      /failed to allocate secondary ip address \(a:10\.214\.54\.9\): Address already in use/,
    ],
  ];
  for (const [request, message] of wrong)
    await assert.rejects(fixture.networks.create({ Name: 'wrong', ...request }), message, String(message));
  assert.throws(() => fixture.networks.inspect('wrong'), { kind: 'not-found' });
});

test('a subnet that another device took while the engine was down is noticed at start, and told', async () => {
  await fixture.networks.create({ Name: 'stored', ...pool('10.214.55.0/24') });
  const device = `wh-${fixture.networks.inspect('stored').Id.slice(0, 12)}`;
  await fixture.networks.close();
  await ip(['link', 'del', device]);
  await ip(['link', 'add', 'rival0', 'type', 'bridge']);
  await ip(['addr', 'add', '10.214.55.9/24', 'dev', 'rival0']);
  await fixture.reopen();
  const sentence = 'network stored: its subnet 10.214.55.0/24 is now that of the device rival0';
  assert.deepEqual(fixture.networks.warnings, [sentence]);
  await assert.rejects(fixture.attach('no', { networkMode: 'stored' }), {
    kind: 'conflict',
    message: sentence,
  });
  const found = await fixture.networks.check();
  assert.ok(found.some(({ Subject, Severe }) => Subject === 'network stored' && Severe));
  await ip(['link', 'del', 'rival0']);
  await fixture.reopen();
  await fixture.attach('yes', { networkMode: 'stored' });
  await fixture.detach('yes');
});

test('a check finds what was taken away, and nothing where all is well', async () => {
  await fixture.attach('checked', { networkMode: 'stored' });
  assert.deepEqual(await fixture.networks.check(), []);
  writeSysctl('net.ipv4.ip_forward', 0);
  assert.match((await fixture.networks.check())[0]?.Problem ?? '', /ip_forward is off/);
  writeSysctl('net.ipv4.ip_forward', 1);
  const { Id } = fixture.networks.inspect('stored');
  await ip(['addr', 'del', '10.214.55.1/24', 'dev', `wh-${Id.slice(0, 12)}`]);
  assert.match((await fixture.networks.check())[0]?.Problem ?? '', /lost the address 10\.214\.55\.1/);
  await ip(['link', 'del', `wh-${Id.slice(0, 12)}`]);
  assert.match((await fixture.networks.check())[0]?.Problem ?? '', /is gone$/);
  const { networks } = await fixture.attach('next', { networkMode: 'stored' });
  await fixture.serve('next', 80, 'next');
  assert.deepEqual(await fixture.networks.check(), []);
  assert.match(
    await fixture.ask('checked', networks['stored']?.IPAddress ?? '', 80),
    /^next /,
    'both are on the new bridge',
  );
  for (const name of ['checked', 'next']) await fixture.detach(name);
});

test('killed while it joins and leaves networks, the engine finds links, records and rules that agree', async () => {
  for (const [index, Name] of ['f1', 'f2'].entries())
    await fixture.networks.create({ Name, ...pool(`10.214.${56 + index}.0/24`) });
  await fixture.attach('victim');
  const id = fixture.idOf('victim');
  const running = [{ containerId: id, netnsPath: fixture.netns('victim') }];
  for (let round = 0; round < 12; round++) {
    await fixture.networks.close();
    const args = [
      join(import.meta.dirname, 'networks-victim.ts'),
      fixture.root,
      fixture.bridge,
      fixture.subnet,
      id,
    ];
    const child = startProgram(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => child.once('close', resolve));
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    await sleep(round * 3);
    child.kill('SIGKILL');
    await ended;
    await fixture.reopen();
    await fixture.networks.recover(running);
    assert.deepEqual(fixture.networks.warnings, []);
    const settings = fixture.networks.settingsOf(id);
    const addresses = Object.values(settings).map(
      ({ IPAddress, IPPrefixLen }) => `${IPAddress}/${IPPrefixLen}`,
    );
    const links = inNetns(fixture.netns('victim'), observeLinks).filter(({ name }) => name !== 'lo');
    assert.deepEqual(links.flatMap((link) => link.addresses).sort(), addresses.sort(), `round ${round}`);
    const own = await observeElements(fixture.table, 'set', 'own4', 'bridge');
    assert.equal(own.length, addresses.length, own.join());
  }
  const again = Object.keys(fixture.networks.settingsOf(id)).filter((name) => name !== 'bridge');
  for (const name of again) await fixture.networks.disconnect(name, id);
  for (const name of ['f1', 'f2']) await fixture.networks.connect(name, id);
  await fixture.detach('victim');
});
