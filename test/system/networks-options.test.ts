// What options of networks do to packets, seen from the world outside: as whom containers speak, and who reaches them.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { inNetns } from '#kernel/netns.ts';
import { NetworksFixture } from './networks-fixture.ts';
import { enterOwnHost, host, ip, world } from './networks-own-host.ts';

const place = await enterOwnHost();
const fixture = new NetworksFixture('10.214.70.1/24');
after(async () => {
  await fixture.close();
  place.close();
});

const option = (name: string): string => `com.docker.network.bridge.${name}`;

/** A network of both families that the world knows the way to. */
async function create(Name: string, number: number, Options: Record<string, string>): Promise<void> {
  const [four, six] = [`10.214.${number}.0/24`, `fd00:214:${number}::/64`];
  const IPAM = { Config: [{ Subnet: four }, { Subnet: six }] };
  await fixture.networks.create({ Name, EnableIPv6: true, Attachable: true, IPAM, Options });
  await inNetns(place.worldNetns, () => ip(['route', 'add', four, 'via', host.ipv4]));
  await inNetns(place.worldNetns, () => ip(['-6', 'route', 'add', six, 'via', host.ipv6]));
}

test('enable_ip_masquerade=false: containers speak as themselves, by either family', async () => {
  await fixture.networks.ready;
  await fixture.serveAt(place.worldNetns, 90, 'world');
  await create('plain', 71, {});
  await create('bare', 72, { [option('enable_ip_masquerade')]: 'false' });
  assert.equal(fixture.networks.inspect('bare').Attachable, true);
  await fixture.attach('p', { networkMode: 'plain' });
  await fixture.attach('b', { networkMode: 'bare' });
  const seen = async (name: string, address: string): Promise<string> =>
    (await fixture.ask(name, address, 90)).split(' ')[1]?.replace('::ffff:', '') ?? '';
  assert.deepEqual(
    [await seen('p', world.ipv4), await seen('p', world.ipv6)],
    [host.ipv4, host.ipv6],
    'as the host',
  );
  assert.deepEqual(
    [await seen('b', world.ipv4), await seen('b', world.ipv6)],
    ['10.214.72.2', 'fd00:214:72::2'],
    'as itself',
  );
  for (const name of ['p', 'b']) await fixture.detach(name);
});

test('gateway_mode nat-unprotected: ports that nobody published are reached at the container’s own address', async () => {
  const mode = 'nat-unprotected';
  await create('open', 73, { [option('gateway_mode_ipv4')]: mode, [option('gateway_mode_ipv6')]: mode });
  await fixture.attach('o', { networkMode: 'open' });
  await fixture.attach('p', { networkMode: 'plain' });
  for (const name of ['o', 'p']) await fixture.serve(name, 80, name);
  for (const address of ['10.214.73.2', 'fd00:214:73::2'])
    assert.match(await place.askFromWorld(address, 80), /^o /, address);
  for (const address of ['10.214.71.3', 'fd00:214:71::3'])
    assert.equal(await place.askFromWorld(address, 80), 'timeout', address);
  for (const name of ['o', 'p']) await fixture.detach(name);
});

test('published ports at containers’ own addresses: by the host’s links that the network trusts, or the engine all', async () => {
  const portBindings = {
    '80/tcp': [{ HostIp: '', HostPort: '' }],
    '82/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }],
  };
  const publish = { exposedPorts: [], portBindings };
  await create('trusting', 75, { [option('trusted_host_interfaces')]: 'none0:out0' });
  await create('wary', 76, { [option('trusted_host_interfaces')]: 'none0' });
  const assertReached = async (networkMode: string, number: number, expected: string[]): Promise<void> => {
    await fixture.attach('t', { networkMode, ...publish });
    for (const port of [80, 81, 82]) await fixture.serve('t', port, `t${port}`);
    const addresses = [`10.214.${number}.2`, `fd00:214:${number}::2`];
    const answers = (): Promise<string[]> =>
      Promise.all(
        addresses.flatMap((address) =>
          [80, 81, 82].map(async (port) => (await place.askFromWorld(address, port)).split(' ')[0] ?? ''),
        ),
      );
    let seen = await answers();
    for (let attempt = 0; attempt < 10 && seen.join() !== expected.join(); attempt++) seen = await answers();
    assert.deepEqual(seen, expected, networkMode);
    await fixture.detach('t');
  };
  const none = Array.from({ length: 6 }, () => 'timeout');
  await assertReached('trusting', 75, ['t80', 'timeout', 'timeout', 't80', 'timeout', 'timeout']);
  await assertReached('wary', 76, none);

  const name = `${fixture.bridge}d`;
  const direct = new NetworksFixture('10.214.77.1/24', {
    bridge: { name, subnet: '10.214.77.1/24' },
    tableName: name,
    defaults: { directRouting: true },
  });
  await direct.networks.ready;
  await inNetns(place.worldNetns, () => ip(['route', 'add', '10.214.77.0/24', 'via', host.ipv4]));
  await direct.attach('d', publish);
  for (const port of [80, 81]) await direct.serve('d', port, `d${port}`);
  assert.match(await place.askFromWorld('10.214.77.2', 80), /^d80 /);
  assert.equal(await place.askFromWorld('10.214.77.2', 81), 'timeout');
  await direct.close();
});

test('more addresses of its own: link-local ones beside the network’s', async () => {
  const IPAMConfig = { IPv4Address: '10.214.71.9', LinkLocalIPs: ['169.254.7.9', 'fe80::7:9'] };
  await fixture.attach('l', { networkMode: 'plain', endpoints: { plain: { IPAMConfig } } });
  const shown = await inNetns(fixture.netns('l'), () => ip(['-o', 'addr', 'show', 'dev', 'eth0']));
  for (const each of ['10.214.71.9/24', '169.254.7.9/16', 'fe80::7:9/64'])
    assert.ok(shown.includes(` ${each} `), `${each} in ${shown}`);
  await fixture.detach('l');
});
