// `--link` where neighbours are kept from each other: it opens the linked container's exposed ports to whoever is linked to
// it, and nothing else, on the default network, as in Docker.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { observeElements } from '#kernel/firewall.ts';
import { inNetns } from '#kernel/netns.ts';
import { run, runOk } from '#kernel/spawn.ts';
import { readSysctl, writeSysctl } from '#kernel/sysctl.ts';
import type { EndpointSettings } from '#shared/contract/network.ts';
import { NetworksFixture } from './networks-fixture.ts';
import { enterOwnHost } from './networks-own-host.ts';

const place = await enterOwnHost();
const fixture = new NetworksFixture('10.214.38.1/24', {
  defaults: { icc: false, ipv6: true, bip6: 'fd00:214:38::1/64' },
});
after(async () => {
  await fixture.close();
  place.close();
});

const keys = ['iptables', 'ip6tables'].map((each) => `net.bridge.bridge-nf-call-${each}`);
const hosts = readSysctl(keys[0] ?? '') === undefined ? ['as it is'] : ['1', '0'];
const treatBridged = (value: string): void => {
  if (value !== 'as it is') for (const key of keys) writeSysctl(key, value);
};
const store = [{ target: 'db', alias: 'store' }];
const apart = /^(timeout|EHOSTUNREACH)$/;

interface Addresses {
  four: string;
  six: string;
}

const addressesOf = (networks: Record<string, EndpointSettings>): Addresses => ({
  four: networks['bridge']?.IPAddress ?? '',
  six: networks['bridge']?.GlobalIPv6Address ?? '',
});

const start = async (name: string, more: object = {}): Promise<Addresses> =>
  addressesOf((await fixture.attach(name, more)).networks);

async function startDb(): Promise<Addresses> {
  const addresses = await start('db', { exposedPorts: ['80/tcp', '81/udp'] });
  for (const port of [80, 81, 82]) await fixture.serve('db', port, `db${port}`);
  return addresses;
}

async function askUdp(from: string, address: string, port: number): Promise<string> {
  const script = `
    const s = require('dgram').createSocket(process.argv[1].includes(':') ? 'udp6' : 'udp4');
    s.on('message', (d) => { console.log(String(d)); process.exit(); });
    setTimeout(() => { console.log('timeout'); process.exit(); }, 700);
    s.send('?', Number(process.argv[2]), process.argv[1]);`;
  const asked = await inNetns(fixture.netns(from), () =>
    run(process.execPath, ['-e', script, address, String(port)], { timeoutMs: 10_000 }),
  );
  return asked.stdout.toString().trim();
}

/** Exactly the exposed ports, from whoever is linked only. */
async function assertOpened(db: Addresses, web: Addresses, when: string): Promise<void> {
  const families = (['four', 'six'] as const).flatMap((family) => [
    assertFamily(db[family], web[family], `${when}, IPv ${family}`),
  ]);
  await Promise.all(families);
}

/** What is open is answered, be it late on a machine that has much to do. */
async function answered(ask: () => Promise<string>, expected: RegExp, what: string): Promise<void> {
  let answer = await ask();
  for (let attempt = 0; attempt < 20 && !expected.test(answer); attempt++) answer = await ask();
  assert.match(answer, expected, what);
}

async function assertFamily(db: string, web: string, when: string): Promise<void> {
  const refused = [
    ['web', db, 82],
    ['web', db, 81],
    ['db', web, 80],
    ['other', db, 80],
    ['other', web, 80],
  ] as const;
  await Promise.all([
    answered(() => fixture.ask('web', db, 80), /^db80 /, `${when}: its port`),
    answered(() => askUdp('web', db, 81), /^db81$/, `${when}: its port of udp`),
    askUdp('web', db, 80).then((answer) => assert.equal(answer, 'timeout', `${when}: the other protocol`)),
    ...refused.map(async ([from, to, port]) =>
      assert.match(await fixture.ask(from, to, port), apart, `${when}: ${from} to ${to}:${port}`),
    ),
  ]);
}

const rows = async (): Promise<string[]> => [
  ...(await observeElements(fixture.table, 'set', 'linked4')),
  ...(await observeElements(fixture.table, 'set', 'linked6')),
  ...(await observeElements(fixture.table, 'set', 'linked4', 'bridge')),
  ...(await observeElements(fixture.table, 'set', 'unlocked', 'bridge')),
];

for (const value of hosts) {
  test(`a link opens the exposed ports and nothing else (bridged packets: ${value})`, async () => {
    await fixture.networks.ready;
    treatBridged(value);
    await start('other');
    let db = await startDb();
    const web = await start('web', { links: store });
    await fixture.serve('web', 80, 'web');
    await assertOpened(db, web, 'whoever is linked came last');
    await fixture.detach('db');
    assert.deepEqual(await rows(), [], 'nothing is left of a link that leads nowhere');
    db = await startDb();
    await assertOpened(db, web, 'whoever is linked was first');

    await fixture.networks.link(fixture.idOf('web'), []);
    assert.match(await fixture.ask('web', db.four, 80), apart, 'the link was taken away');
    await fixture.networks.link(fixture.idOf('web'), store);
    await assertOpened(db, web, 'a link of a running container');

    await runOk('nft', ['flush', 'ruleset']);
    for (let attempt = 0; (await rows()).length === 0 && attempt < 100; attempt++) await sleep(100);
    await assertOpened(db, web, 'after a flush');
    await fixture.reopen();
    await fixture.networks.recover(
      ['other', 'db', 'web'].map((name) => ({
        containerId: fixture.idOf(name),
        netnsPath: fixture.netns(name),
      })),
    );
    await assertOpened(db, web, 'after a restart of the engine');
    await fixture.detach('web');
    assert.deepEqual(await rows(), [], 'nothing is left without the one that was linked');
    await start('web');
    assert.match(await fixture.ask('web', db.four, 80), apart, 'without its link');
    for (const name of ['web', 'db', 'other']) await fixture.detach(name);
  });
}

test('links hold when the host begins or ends to filter bridged packets', async (t) => {
  if (hosts.length === 1) return t.skip('the kernel has no br_netfilter');
  for (const first of hosts) {
    treatBridged(first);
    await start('other');
    const db = await startDb();
    const web = await start('web', { links: store });
    treatBridged(first === '1' ? '0' : '1');
    const isUnlocked = async (): Promise<boolean> =>
      (await observeElements(fixture.table, 'set', 'unlocked', 'bridge')).length > 0;
    for (let attempt = 0; (await isUnlocked()) !== (first === '1') && attempt < 100; attempt++)
      await sleep(100);
    await assertOpened(db, web, `began with ${first}`);
    for (const name of ['web', 'db', 'other']) await fixture.detach(name);
  }
});

test('a link goes with the default network, and opens nothing on networks that a user made', async () => {
  const db = await startDb();
  await start('web', { links: store });
  await answered(() => fixture.ask('web', db.four, 80), /^db80 /, 'linked');
  await fixture.networks.disconnect('bridge', fixture.idOf('db'));
  assert.deepEqual(await rows(), []);
  await fixture.networks.connect('bridge', fixture.idOf('db'));
  const { six } = addressesOf(fixture.networks.settingsOf(fixture.idOf('db')));
  await answered(() => fixture.ask('web', six, 80), /^db80 /, 'at its new address');
  for (const name of ['web', 'db']) await fixture.detach(name);

  const Options = { 'com.docker.network.bridge.enable_icc': 'false' };
  await fixture.networks.create({ Name: 'strangers', Options });
  const { networks } = await fixture.attach('db', { networkMode: 'strangers', exposedPorts: ['80/tcp'] });
  await fixture.serve('db', 80, 'db80');
  await fixture.attach('web', { networkMode: 'strangers', links: store });
  assert.match(await fixture.ask('web', networks['strangers']?.IPAddress ?? '', 80), apart);
  assert.deepEqual(await rows(), []);
  for (const name of ['web', 'db']) await fixture.detach(name);
});
