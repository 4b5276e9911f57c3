// Port 53 at the gateways: the engine's name servers answer there, for the network's own containers and nobody else, and
// a container that publishes a name server of its own hinders neither them nor itself.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { inNetns } from '#kernel/netns.ts';
import { NetworksFixture } from './networks-fixture.ts';
import { enterOwnHost, host, ip } from './networks-own-host.ts';

const place = await enterOwnHost();
const fixture = new NetworksFixture('10.214.50.1/24');
after(async () => {
  await fixture.close();
  place.close();
});

const gateways = { red: ['10.214.51.1', 'fd00:214:51::1'], blue: ['10.214.52.1', 'fd00:214:52::1'] };
const published = { '53/udp': [{ HostPort: '53' }] };

test('no other network and nobody from outside is told a network’s names', async () => {
  await fixture.networks.ready;
  for (const [Name, [four, six]] of Object.entries(gateways))
    await fixture.networks.create({
      Name,
      EnableIPv6: true,
      IPAM: { Config: [four, six].map((Gateway = '') => ({ Subnet: subnetOf(Gateway), Gateway })) },
    });
  for (const name of ['red1', 'red2']) await fixture.attach(name, { networkMode: 'red' });
  await fixture.attach('blue1', { networkMode: 'blue' });
  await inNetns(place.worldNetns, () => ip(['route', 'add', '10.214.51.0/24', 'via', host.ipv4]));
  await inNetns(place.worldNetns, () => ip(['route', 'add', 'fd00:214:51::/64', 'via', host.ipv6]));
  for (const gateway of gateways.red) {
    assert.equal(await fixture.lookup('red1', 'red2', gateway), '10.214.51.3', gateway);
    for (const [who, netns] of [
      ['a stranger', fixture.netns('blue1')],
      ['the world', place.worldNetns],
    ] as const) {
      const told = await fixture.lookupAt(netns, { name: 'red2', server: gateway, tries: 1 });
      assert.equal(told, 'ETIMEOUT', `${who} at ${gateway}`);
    }
  }
});

test('a name server is published on port 53 beside the engine’s own, whichever was there first', async () => {
  for (const first of ['names', 'published']) {
    if (first === 'published') for (const name of ['red1', 'red2', 'blue1']) await fixture.detach(name);
    const { ports } = await fixture.attach('hole', { portBindings: published });
    assert.deepEqual(ports['53/udp'], [{ HostIp: '0.0.0.0', HostPort: '53' }]);
    await fixture.serve('hole', 53, 'hole');
    if (first === 'published')
      for (const name of ['red1', 'red2']) await fixture.attach(name, { networkMode: 'red' });
    assert.equal(await fixture.askUdp(host.ipv4, 53), 'hole', first);
    assert.equal(
      await fixture.askUdp('10.214.50.1', 53),
      'hole',
      `${first}, at the gateway of a network without names`,
    );
    const address = fixture.networks.settingsOf(fixture.idOf('red2'))['red']?.IPAddress;
    assert.equal(await fixture.lookup('red1', 'red2', '10.214.51.1'), address, first);
    assert.deepEqual(await fixture.networks.check(), [], first);
    await fixture.detach('hole');
  }
});

test('a host’s own name server is in the way of one that is published on every address', async () => {
  const own = createSocket('udp4');
  own.bind(53, '127.0.0.53');
  await once(own, 'listening');
  await assert.rejects(fixture.attach('hole', { portBindings: published }), {
    message: 'Bind for 0.0.0.0:53 failed: port is already allocated',
    hint: new RegExp(`^Process ${process.pid} \\(`),
  });
  own.close();
  await once(own, 'close');
  await fixture.attach('hole', { portBindings: published });
  own.unref();
  await assert.rejects(
    new Promise((_, reject) => {
      const late = createSocket('udp4').once('error', reject);
      late.bind({ port: 53, exclusive: true });
    }),
    { code: 'EADDRINUSE' },
    'another program',
  );
});

const subnetOf = (gateway: string): string =>
  gateway.includes(':') ? gateway.replace(/1$/, '/64') : gateway.replace(/1$/, '0/24');
