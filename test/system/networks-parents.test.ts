// macvlan and ipvlan networks in all their modes, on a link of the host's, on a VLAN of it, and on none.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { observeLink, observeLinks, observeRoutes } from '#kernel/links.ts';
import { inNetns } from '#kernel/netns.ts';
import { run, runOk } from '#kernel/spawn.ts';
import { NetworksFixture } from './networks-fixture.ts';
import { enterOwnHost, host, ip, world } from './networks-own-host.ts';

const place = await enterOwnHost();
const fixture = new NetworksFixture('10.214.50.1/24', { publishAddress: '127.0.0.1' });
const { networks } = fixture;
after(async () => {
  await fixture.close();
  assert.deepEqual(
    observeLinks().flatMap(({ name }) => (/^(lo|out0)$/.test(name) ? [] : [name])),
    [],
    'the host has no link more than before',
  );
  place.close();
});
await networks.ready;
await fixture.serveAt(place.worldNetns, 90, 'world');

/** Why a test of this kind of link cannot run here. */
async function lacking(kind: string, ...more: string[]): Promise<string | false> {
  const made = await run('ip', ['link', 'add', 'link', 'out0', 'name', 'probe0', 'type', kind, ...more]);
  if (made.code !== 0) return `the kernel has no ${kind} links (npm run test:vm has one with them)`;
  await ip(['link', 'del', 'probe0']);
  return false;
}

const noMacvlan = await lacking('macvlan');
const noIpvlan = await lacking('ipvlan');
const noVlan = noMacvlan || (await lacking('vlan', 'id', '9'));
const noDummy = await lacking('dummy');

const linkOf = (name: string) =>
  inNetns(fixture.netns(name), observeLinks).find((each) => each.name === 'eth0');
const defaultsOf = (name: string) =>
  inNetns(fixture.netns(name), observeRoutes).filter(({ destination }) => /\/0$/.test(destination));

/** A network in the subnets of the world, with its addresses beside the world's own. */
const worldly = (Name: string, Driver: string, Options: Record<string, string>) => ({
  Name,
  Driver,
  EnableIPv6: true,
  Options,
  IPAM: {
    Config: [
      { Subnet: '192.0.2.0/24', Gateway: world.ipv4, IPRange: '192.0.2.128/26' },
      { Subnet: '2001:db8:9::/64', Gateway: world.ipv6, IPRange: '2001:db8:9::100/120' },
    ],
  },
});

async function end(containers: string[], ...named: string[]): Promise<void> {
  for (const name of containers) await fixture.detach(name);
  for (const name of named) await networks.remove(name);
}

async function attachBoth(networkMode: string): Promise<{ ipv4: string; ipv6: string }> {
  await fixture.attach('one', { networkMode });
  const { networks: given } = await fixture.attach('two', { networkMode });
  await fixture.serve('two', 80, 'two');
  const { IPAddress = '', GlobalIPv6Address = '' } = given[networkMode] ?? {};
  return { ipv4: IPAddress, ipv6: GlobalIPv6Address };
}

test('macvlan: containers stand in the network of the parent, beside its neighbours', {
  skip: noMacvlan,
}, async () => {
  await networks.create({
    Name: 'lan',
    Driver: 'macvlan',
    IPAM: {
      Config: [
        {
          Subnet: '192.0.2.0/24',
          Gateway: world.ipv4,
          IPRange: '192.0.2.128/26',
          AuxiliaryAddresses: { me: '192.0.2.128' },
        },
      ],
    },
    Options: { parent: 'out0' },
  });
  await fixture.attach('m1', { networkMode: 'lan' });
  const { networks: given } = await fixture.attach('m2', { networkMode: 'lan' });
  assert.equal(given['lan']?.IPAddress, '192.0.2.130');
  assert.equal(given['lan']?.Gateway, world.ipv4);
  assert.equal(linkOf('m2')?.kind, 'macvlan');
  assert.equal(linkOf('m2')?.mac, given['lan']?.MacAddress);
  await fixture.serve('m2', 80, 'm2');
  assert.match(await fixture.ask('m1', '192.0.2.130', 80), /^m2 .*192\.0\.2\.129$/);
  assert.match(await fixture.ask('m1', world.ipv4, 90), /^world .*192\.0\.2\.129$/);
  assert.equal(await fixture.ask(undefined, '192.0.2.130', 80), 'timeout', 'the host itself stands aside');
  assert.equal(networks.inspect('lan').Driver, 'macvlan');
  await end(['m1', 'm2'], 'lan');
  assert.notEqual(observeLink('out0'), undefined, 'the parent was not ours');
});

for (const [mode, reached] of [
  ['bridge', true],
  ['private', false],
  ['vepa', false],
] as const)
  test(`macvlan in mode ${mode}: ${reached ? 'neighbours reach each other' : 'neighbours reach the world only'}`, {
    skip: noMacvlan,
  }, async () => {
    await networks.create(worldly('moded', 'macvlan', { parent: 'out0', macvlan_mode: mode }));
    const two = await attachBoth('moded');
    const wanted = reached ? /^two / : /^(timeout|EHOSTUNREACH)$/;
    assert.match(await fixture.ask('one', two.ipv4, 80), wanted);
    assert.match(await fixture.ask('one', two.ipv6, 80), wanted);
    assert.match(await fixture.ask('one', world.ipv4, 90), /^world .*192\.0\.2\.128$/);
    assert.match(await fixture.ask('one', world.ipv6, 90), /^world 2001:db8:9::100$/);
    await end(['one', 'two'], 'moded');
  });

test('macvlan in mode passthru: the parent is one container’s alone', { skip: noMacvlan }, async () => {
  await networks.create(worldly('through', 'macvlan', { parent: 'out0', macvlan_mode: 'passthru' }));
  await fixture.attach('one', { networkMode: 'through' });
  assert.match(await fixture.ask('one', world.ipv4, 90), /^world .*192\.0\.2\.128$/);
  await assert.rejects(fixture.attach('two', { networkMode: 'through' }), {
    kind: 'conflict',
    message: 'failed to create the macvlan port: invalid argument',
    hint: /passthru a parent is for one container/,
  });
  await assert.rejects(networks.create(other('macvlan', { parent: 'out0' })), {
    message: 'macvlan network through is already using parent interface out0 in mode passthru',
  });
  await end(['one'], 'through');
  const tooLarge = { parent: 'out0', 'com.docker.network.driver.mtu': '9000' };
  await networks.create(worldly('large', 'macvlan', tooLarge));
  await assert.rejects(fixture.attach('one', { networkMode: 'large' }), { hint: /MTU.* is 1500/ });
  await networks.remove('large');
});

test('a container that ends leaves its address and its parent at once', { skip: noMacvlan }, async () => {
  await networks.create(worldly('again', 'macvlan', { parent: 'out0' }));
  const fixed = { MacAddress: '02:00:00:00:77:01', IPAMConfig: { IPv4Address: '192.0.2.150' } };
  for (let round = 0; round < 5; round++) {
    await fixture.attach('same', { networkMode: 'again', endpoints: { again: fixed } });
    await fixture.detach('same');
  }
  await networks.remove('again');
  if (noIpvlan !== false) return;
  await networks.create(worldly('again', 'ipvlan', { parent: 'out0' }));
  await fixture.attach('same', { networkMode: 'again' });
  await end(['same'], 'again');
  await networks.create(worldly('again', 'macvlan', { parent: 'out0' }));
  await fixture.attach('same', { networkMode: 'again', endpoints: { again: fixed } });
  await end(['same'], 'again');
});

test('a VLAN of the parent is made for networks, carries them, and goes with the last', {
  skip: noVlan,
}, async () => {
  await inNetns(place.worldNetns, async () => {
    const lines = [
      'link add link in0 name in0.50 type vlan id 50',
      'addr add 198.51.100.2/24 dev in0.50',
      'link set in0.50 up',
    ];
    await runOk('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
  });
  const tagged = (Name: string, IPRange: string) => ({
    Name,
    Driver: 'macvlan',
    IPAM: { Config: [{ Subnet: '198.51.100.0/24', Gateway: '198.51.100.2', IPRange }] },
    Options: { parent: 'out0.50' },
  });
  await networks.create(tagged('vlan', '198.51.100.64/26'));
  assert.equal(observeLink('out0.50')?.kind, 'vlan');
  await fixture.attach('v1', { networkMode: 'vlan' });
  assert.equal(linkOf('v1')?.kind, 'macvlan');
  assert.match(await fixture.ask('v1', '198.51.100.2', 90), /^world .*198\.51\.100\.64$/);
  const subnet = { IPAM: { Config: [{ Subnet: '203.0.113.0/24' }] } };
  await networks.create({ ...tagged('beside', ''), ...subnet });
  await end(['v1'], 'vlan');
  assert.equal(observeLink('out0.50')?.kind, 'vlan', 'another network has it');
  await fixture.attach('v2', { networkMode: 'beside' });
  await end(['v2'], 'beside');
  assert.equal(observeLink('out0.50'), undefined);
  await inNetns(place.worldNetns, () => ip(['link', 'del', 'in0.50']));
});

/** One more network, in a subnet of its own. */
const other = (Driver: string, Options: Record<string, string>) => ({
  Name: 'other',
  Driver,
  IPAM: { Config: [{ Subnet: '198.51.100.0/24' }] },
  Options,
});

test('parents and modes that cannot be are refused in the words that users know', async () => {
  const refused: [Parameters<typeof other>[0], Parameters<typeof other>[1], string][] = [
    ['macvlan', { parent: 'no0' }, 'invalid subinterface vlan name no0, example formatting is eth0.10'],
    ['macvlan', { parent: 'no0.5' }, '-o parent interface was not found on the host: no0'],
    ['ipvlan', { parent: 'out0.4095' }, 'vlan id must be between 1-4094, received: 4095'],
    ['ipvlan', { parent: 'out0.x' }, 'unable to parse a valid vlan id from: x (ex. eth0.10 for vlan 10)'],
    [
      'macvlan',
      { parent: 'a.b.5' },
      'required interface name format is: name.vlan_id, ex. eth0.10 for vlan 10, instead received a.b.5',
    ],
    [
      'macvlan',
      { parent: 'out0', macvlan_mode: 'odd' },
      "requested macvlan mode 'odd' is not valid, 'bridge' mode is the macvlan driver default",
    ],
    [
      'ipvlan',
      { parent: 'out0', ipvlan_mode: 'l4' },
      "requested ipvlan mode 'l4' is not valid, 'l2' mode is the ipvlan driver default",
    ],
    [
      'ipvlan',
      { parent: 'out0', ipvlan_flag: 'odd' },
      "requested ipvlan flag 'odd' is not valid, 'bridge' is the ipvlan driver default",
    ],
  ];
  for (const [driver, options, message] of refused)
    await assert.rejects(networks.create(other(driver, options)), { kind: 'invalid', message });
  assert.equal(
    networks.list().some(({ Name }) => Name === 'other'),
    false,
  );
});

test('a parent carries one kind of link in one way', async () => {
  const using = { kind: 'conflict', message: 'network first is already using parent interface out0' };
  await networks.create(worldly('first', 'ipvlan', { parent: 'out0', ipvlan_mode: 'l3' }));
  await assert.rejects(networks.create(other('macvlan', { parent: 'out0' })), using);
  await assert.rejects(networks.create(other('ipvlan', { parent: 'out0' })), using);
  await networks.create(other('ipvlan', { parent: 'out0', ipvlan_mode: 'l3' }));
  await end([], 'other', 'first');
  await networks.create(worldly('first', 'macvlan', { parent: 'out0' }));
  await assert.rejects(
    networks.create(other('macvlan', { parent: 'out0', macvlan_mode: 'passthru' })),
    /^EngineError: cannot use mode passthru, macvlan network first is already using parent interface out0$/,
  );
  await end([], 'first');
});

for (const driver of ['macvlan', 'ipvlan'] as const)
  test(`${driver} without a parent, or internal: containers have each other and nothing else`, {
    skip: noDummy || (driver === 'macvlan' ? noMacvlan : noIpvlan),
  }, async () => {
    await networks.create(worldly('alone', driver, {}));
    const made = networks.inspect('alone');
    const device = `${driver === 'macvlan' ? 'dm' : 'di'}-${made.Id.slice(0, 12)}`;
    assert.deepEqual([made.Internal, observeLink(device)?.kind], [true, 'dummy']);
    const two = await attachBoth('alone');
    assert.match(await fixture.ask('one', two.ipv4, 80), /^two /);
    assert.match(await fixture.ask('one', two.ipv6, 80), /^two /);
    assert.deepEqual(defaultsOf('one'), []);
    assert.match(await fixture.ask('one', world.ipv4, 90), /^(timeout|EHOSTUNREACH)$/);
    await end(['one', 'two'], 'alone');
    assert.equal(observeLink(device), undefined);
    await networks.create({ ...worldly('inner', driver, { parent: 'out0' }), Internal: true });
    await fixture.attach('one', { networkMode: 'inner' });
    assert.deepEqual(defaultsOf('one'), []);
    await end(['one'], 'inner');
  });

test('ipvlan in mode l2: containers stand beside the parent’s neighbours with its hardware address', {
  skip: noIpvlan,
}, async () => {
  await networks.create(worldly('ip2', 'ipvlan', { parent: 'out0' }));
  const two = await attachBoth('ip2');
  assert.deepEqual([linkOf('one')?.kind, linkOf('one')?.mac], ['ipvlan', observeLink('out0')?.mac]);
  assert.match(await fixture.ask('one', two.ipv4, 80), /^two /);
  assert.match(await fixture.ask('one', two.ipv6, 80), /^two /);
  assert.match(await fixture.ask('one', world.ipv4, 90), /^world .*192\.0\.2\.128$/);
  assert.match(await fixture.ask('one', world.ipv6, 90), /^world 2001:db8:9::100$/);
  assert.equal(await fixture.ask('one', host.ipv4, 22), 'timeout', 'the host itself stands aside');
  await end(['one', 'two'], 'ip2');
});

for (const mode of ['l3', 'l3s'])
  test(`ipvlan in mode ${mode}: subnets behind the parent, reached by routes`, {
    skip: noIpvlan,
  }, async () => {
    await networks.create({
      Name: 'routed',
      Driver: 'ipvlan',
      EnableIPv6: true,
      IPAM: {
        Config: [{ Subnet: '198.51.100.0/24' }, { Subnet: '203.0.113.0/24' }, { Subnet: '2001:db8:77::/64' }],
      },
      Options: { parent: 'out0', ipvlan_mode: mode },
    });
    const inWorld = (...args: string[]) => inNetns(place.worldNetns, () => ip(args));
    const ways = [
      ['198.51.100.0/24', host.ipv4],
      ['203.0.113.0/24', host.ipv4],
      ['2001:db8:77::/64', host.ipv6],
    ] as const;
    for (const [to, via] of ways) await inWorld('route', 'add', to, 'via', via);
    const first = await fixture.attach('one', { networkMode: 'routed' });
    assert.equal(first.networks['routed']?.Gateway, '');
    const settings = { IPAMConfig: { IPv4Address: '203.0.113.9' } };
    const second = await fixture.attach('two', { networkMode: 'routed', endpoints: { routed: settings } });
    await fixture.serve('two', 80, 'two');
    assert.match(await fixture.ask('one', '203.0.113.9', 80), /^two .*198\.51\.100\.\d+$/);
    const ipv6 = second.networks['routed']?.GlobalIPv6Address ?? '';
    assert.match(await fixture.ask('one', ipv6, 80), /^two 2001:db8:77::/);
    assert.match(await fixture.ask('one', world.ipv4, 90), /^world .*198\.51\.100\.\d+$/);
    assert.match(await fixture.ask('one', world.ipv6, 90), /^world 2001:db8:77::/);
    assert.match(await place.askFromWorld('203.0.113.9', 80), /^two .*192\.0\.2\.2$/);
    await end(['one', 'two'], 'routed');
    for (const [to] of ways) await inWorld('route', 'del', to);
  });

test('a kind of link that the kernel has not is refused in words', {
  skip: noIpvlan === false && 'it has ipvlan',
}, async () => {
  await networks.create(other('ipvlan', { parent: 'out0' }));
  await assert.rejects(fixture.attach('no', { networkMode: 'other' }), {
    kind: 'unsupported',
    message: 'the kernel has no ipvlan links',
  });
  await networks.remove('other');
});
