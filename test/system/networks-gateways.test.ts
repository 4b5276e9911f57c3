// Who is the gateway of a network, and of which families it is at all: families that are off, isolated networks, bridges
// without an address of their own, and whose address containers have to the world.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Link, observeLinks } from '#kernel/links.ts';
import { inNetns } from '#kernel/netns.ts';
import type { IpamPool } from '#shared/contract/network.ts';
import { NetworksFixture } from './networks-fixture.ts';
import { enterOwnHost, host, ip, world } from './networks-own-host.ts';

const place = await enterOwnHost();
const fixture = new NetworksFixture('10.214.30.1/24', {
  defaults: { networkOptions: { bridge: { 'com.docker.network.bridge.enable_icc': 'true' } } },
});
after(async () => {
  await fixture.close();
  place.close();
});

const option = (name: string): string => `com.docker.network.bridge.${name}`;
const device = (network: string): Link | undefined => {
  const { Id } = fixture.networks.inspect(network);
  return observeLinks().find(({ name }) => name === `wh-${Id.slice(0, 12)}`);
};

test('a subnet of a family that is off is told, and nobody has an address of it', async () => {
  await fixture.networks.ready;
  const [four, six] = [{ Subnet: '10.214.31.0/24' }, { Subnet: 'fd00:214:31::/64' }];
  await fixture.networks.create({ Name: 'four', IPAM: { Config: [four, six] } });
  await fixture.networks.create({
    Name: 'six',
    EnableIPv4: false,
    EnableIPv6: true,
    IPAM: { Config: [{ Subnet: '10.214.32.0/24' }, { Subnet: 'fd00:214:32::/64' }] },
  });
  const shown = (name: string): unknown => {
    const { EnableIPv4, EnableIPv6, IPAM } = fixture.networks.inspect(name);
    return [EnableIPv4, EnableIPv6, IPAM.Config];
  };
  assert.deepEqual(shown('four'), [true, false, [{ ...four, Gateway: '10.214.31.1' }, six]]);
  assert.deepEqual(shown('six'), [
    false,
    true,
    [{ Subnet: 'fd00:214:32::/64', Gateway: 'fd00:214:32::1' }, { Subnet: '10.214.32.0/24' }],
  ]);
  const { networks: in4 } = await fixture.attach('f', { networkMode: 'four' });
  const { networks: in6 } = await fixture.attach('s', { networkMode: 'six' });
  assert.deepEqual([in4['four']?.IPAddress, in4['four']?.GlobalIPv6Address], ['10.214.31.2', '']);
  assert.deepEqual([in6['six']?.IPAddress, in6['six']?.GlobalIPv6Address], ['', 'fd00:214:32::2']);
  await fixture.networks.create({ Name: 'taken', EnableIPv6: true, IPAM: { Config: [six] } });
  for (const name of ['f', 's']) await fixture.detach(name);
  for (const name of ['four', 'six', 'taken']) await fixture.networks.remove(name);
});

test('families by options, where the request says nothing itself', async () => {
  const families = async (request: object): Promise<unknown> => {
    await fixture.networks.create({ Name: 'x', ...request });
    const { EnableIPv4, EnableIPv6, Options } = fixture.networks.inspect('x');
    await fixture.networks.remove('x');
    return [EnableIPv4, EnableIPv6, Object.keys(Options).filter((each) => each.includes('enable_ip'))];
  };
  const [ipv4, ipv6] = ['com.docker.network.enable_ipv4', 'com.docker.network.enable_ipv6'];
  assert.deepEqual(await families({ Options: { [ipv6]: 'true' } }), [true, true, [ipv6]]);
  assert.deepEqual(await families({ Options: { [ipv4]: 'false', [ipv6]: '1' } }), [
    false,
    true,
    [ipv4, ipv6],
  ]);
  assert.deepEqual(await families({ EnableIPv6: true, Options: { [ipv6]: 'false' } }), [true, true, []]);
  for (const request of [
    { EnableIPv4: false },
    { EnableIPv4: false, IPAM: { Config: [{ Subnet: 'fd00:214:33::/64' }] } },
    { Options: { [ipv4]: 'false' } },
  ])
    await assert.rejects(families(request), { kind: 'invalid', message: 'IPv4 or IPv6 must be enabled' });
  await assert.rejects(families({ Options: { [ipv6]: 'maybe' } }), {
    kind: 'invalid',
    message: `driver-opt "${ipv6}" is not a valid bool`,
  });
});

test('gateway mode isolated: neighbours alone, by address and name, without the host', async () => {
  const Options = { [option('gateway_mode_ipv4')]: 'isolated', [option('gateway_mode_ipv6')]: 'isolated' };
  const IPAM = { Config: [{ Subnet: '10.214.34.0/24' }, { Subnet: 'fd00:214:34::/64' }] };
  const request = { Name: 'alone', EnableIPv6: true, IPAM, Options };
  await assert.rejects(fixture.networks.create(request), {
    kind: 'invalid',
    message: "gateway mode 'isolated' can only be used for an internal network",
  });
  await fixture.networks.create({ ...request, Internal: true });
  assert.deepEqual(fixture.networks.inspect('alone').IPAM.Config, IPAM.Config, 'no gateway');
  assert.deepEqual(device('alone')?.addresses, [], 'the host has no address, not even a link-local one');
  const hostsPath = join(fixture.root, 'hosts-of-a');
  writeFileSync(hostsPath, '127.0.0.1\tlocalhost\n');
  const { networks } = await fixture.attach('a', { networkMode: 'alone', hostsPath });
  assert.deepEqual([networks['alone']?.IPAddress, networks['alone']?.Gateway], ['10.214.34.1', '']);
  const asked = { networkMode: 'alone', endpoints: { alone: { Aliases: ['also'] } } };
  const { networks: other } = await fixture.attach('b', asked);
  await fixture.serve('b', 80, 'b');
  for (const address of [other['alone']?.IPAddress, other['alone']?.GlobalIPv6Address])
    assert.match(await fixture.ask('a', address ?? '', 80), /^b /, address);
  assert.match(readFileSync(hostsPath, 'utf8'), /^10\.214\.34\.2\tb also .*\nfd00:214:34::2\tb also /m);
  assert.equal(await fixture.ask(undefined, '10.214.34.2', 80), 'ENETUNREACH', 'from the host');
  assert.equal(await fixture.ask('a', host.ipv4, 80), 'ENETUNREACH', 'to the host');
  assert.deepEqual(await fixture.networks.check(), []);
  await fixture.reopen();
  await fixture.networks.ready;
  assert.deepEqual(device('alone')?.addresses, [], 'nor after a restart');
  for (const name of ['a', 'b']) await fixture.detach(name);
  await fixture.networks.remove('alone');
});

test('inhibit_ipv4: the gateway is somebody else', async () => {
  const Options = { [option('inhibit_ipv4')]: 'true' };
  const IPAM = { Config: [{ Subnet: '10.214.35.0/24', Gateway: '10.214.35.9' }] };
  await fixture.networks.create({ Name: 'far', IPAM, Options });
  assert.deepEqual(
    device('far')?.addresses.filter((each) => !each.includes(':')),
    [],
  );
  const { networks } = await fixture.attach('i', { networkMode: 'far' });
  assert.equal(networks['far']?.Gateway, '10.214.35.9');
  const routes = await inNetns(fixture.netns('i'), () => ip(['route', 'show', 'default']));
  assert.match(routes, /default via 10\.214\.35\.9 dev eth0/);
  await fixture.detach('i');
  await fixture.networks.remove('far');
});

test('another router than the host, by the names that Docker has for it', async () => {
  const Config: IpamPool[] = [
    { Subnet: '10.214.37.0/24', AuxiliaryAddresses: { DefaultGatewayIPv4: '10.214.37.9' } },
    { Subnet: 'fd00:214:37::/64', AuxiliaryAddresses: { DefaultGatewayIPv6: 'fd00:214:37::9' } },
  ];
  const request = { Name: 'by', EnableIPv6: true, IPAM: { Config } };
  await assert.rejects(fixture.networks.create({ ...request, Internal: true }), {
    message: 'no gateway can be set on an internal bridge network',
  });
  await fixture.networks.create(request);
  await fixture.attach('y', { networkMode: 'by' });
  const routes = (family: string): Promise<string> =>
    inNetns(fixture.netns('y'), () => ip([family, 'route', 'show', 'default']));
  assert.match(await routes('-4'), /^default via 10\.214\.37\.9 dev eth0\s*$/);
  assert.match(await routes('-6'), /^default via fd00:214:37::9 dev eth0 /);
  await fixture.detach('y');
  await fixture.networks.remove('by');
});

test('host_ipv4 and host_ipv6: as which of the host’s addresses containers speak', async () => {
  await fixture.serveAt(place.worldNetns, 90, 'world');
  await ip(['addr', 'add', '192.0.2.77/24', 'dev', 'out0']);
  await ip(['addr', 'add', '2001:db8:9::77/64', 'dev', 'out0', 'preferred_lft', '0', 'nodad']);
  const hosts = {
    'com.docker.network.host_ipv4': '192.0.2.77',
    'com.docker.network.host_ipv6': '2001:db8:9::77',
  };
  await fixture.networks.create({ Name: 'as', EnableIPv6: true, Options: hosts });
  await fixture.networks.create({ Name: 'usual', EnableIPv6: true });
  const seen = async (name: string, address: string): Promise<string> =>
    (await fixture.ask(name, address, 90)).split(' ')[1]?.replace('::ffff:', '') ?? '';
  for (const when of ['made', 'after a flush']) {
    await fixture.attach('h', { networkMode: 'as' });
    await fixture.attach('u', { networkMode: 'usual' });
    assert.deepEqual(
      [await seen('h', world.ipv4), await seen('h', world.ipv6), await seen('u', world.ipv4)],
      ['192.0.2.77', '2001:db8:9::77', host.ipv4],
      when,
    );
    for (const name of ['h', 'u']) await fixture.detach(name);
    await fixture.reopen();
    await fixture.networks.ready;
  }
  for (const name of ['as', 'usual']) await fixture.networks.remove(name);
});

test('options that cannot be are refused in Docker’s words', async () => {
  const wrong: [string, string, string][] = [
    [option('gateway_mode_ipv4'), 'foo', 'unknown gateway mode foo'],
    [option('gateway_mode_ipv6'), '', 'unknown gateway mode '],
    [option('enable_icc'), 'maybe', 'strconv.ParseBool: parsing "maybe": invalid syntax'],
    [option('inhibit_ipv4'), 'x', 'strconv.ParseBool: parsing "x": invalid syntax'],
    [option('host_binding_ipv4'), '', 'nil ip'],
    ['com.docker.network.host_ipv4', 'foo', 'nil ip'],
    ['com.docker.network.driver.mtu', 'large', 'strconv.Atoi: parsing "large": invalid syntax'],
  ];
  for (const [name, value, reason] of wrong)
    await assert.rejects(fixture.networks.create({ Name: 'x', Options: { [name]: value } }), {
      kind: 'invalid',
      message: `failed to parse ${name} value: ${value} (${reason})`,
    });
  await assert.rejects(fixture.networks.create({ Name: 'x', Ingress: true }), { kind: 'forbidden' });
  const refused = (Subnet: string, more: object = {}): Promise<unknown> =>
    fixture.networks.create({ Name: 'x', EnableIPv6: true, IPAM: { Config: [{ Subnet, ...more }] } });
  await assert.rejects(refused('fe80::/80'), {
    message: "'fe80::1/80' clashes with the Link-Local prefix 'fe80::/64'",
  });
  for (const Gateway of ['10.214.36.0', '10.214.36.255'])
    await assert.rejects(refused('10.214.36.0/24', { Gateway }), {
      message: `failed to allocate gateway (${Gateway}): Address already in use`,
    });
});
