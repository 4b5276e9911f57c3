// User networks on a real kernel: subnets, names, isolation, internal ones, joining and leaving, removal.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { observeLinks } from '#kernel/links.ts';
import { isAlive } from '#kernel/proc.ts';
import { NetworksFixture } from './networks-fixture.ts';

const fixture = new NetworksFixture('10.214.4.1/24');
after(() => fixture.close());

const pool = (Subnet: string) => ({ IPAM: { Config: [{ Subnet }] } });
const serverPid = () => Number(readFileSync(join(fixture.root, 'run', 'dns', '0', 'aardvark.pid'), 'utf8'));

test('networks are created, listed, inspected; names and subnets clash by name', async () => {
  const { networks } = fixture;
  const { Id } = await networks.create({ Name: 'blue', ...pool('10.214.5.0/24'), Labels: { a: 'b' } });
  await networks.create({ Name: 'green', ...pool('10.214.6.0/24') });
  await networks.create({ Name: 'inner', ...pool('10.214.7.0/24'), Internal: true });
  assert.equal(networks.inspect(Id.slice(0, 6)).Name, 'blue');
  assert.deepEqual(networks.inspect('blue').IPAM.Config, [
    { Subnet: '10.214.5.0/24', Gateway: '10.214.5.1' },
  ]);
  assert.ok(observeLinks().some(({ name }) => name === `wh-${Id.slice(0, 12)}`));
  assert.deepEqual(
    networks.list(new Map([['label', ['a=b']]])).map(({ Name }) => Name),
    ['blue'],
  );
  assert.deepEqual(
    networks
      .list(new Map([['type', ['builtin']]]))
      .map(({ Name }) => Name)
      .sort(),
    ['bridge', 'host', 'none'],
  );
  await assert.rejects(networks.create({ Name: 'blue' }), {
    kind: 'conflict',
    message: 'network with name blue already exists',
  });
  await assert.rejects(networks.create({ Name: 'other', ...pool('10.214.5.128/25') }), {
    message: 'invalid pool request: Pool overlaps with other one on this address space',
  });
  await assert.rejects(networks.create({ Name: 'other', ...pool('nonsense') }), { kind: 'invalid' });
  await assert.rejects(networks.create({ Name: 'host' }), { kind: 'forbidden' });
  assert.throws(() => networks.resolve('missing'), {
    kind: 'not-found',
    message: 'network missing not found',
  });
  const automatic = await networks.create({ Name: 'automatic' });
  assert.match(networks.inspect(automatic.Id).IPAM.Config?.[0]?.Subnet ?? '', /^(172|192|10)\./);
  assert.deepEqual(await networks.prune(new Map([['label!', ['a']]])), {
    NetworksDeleted: ['green', 'inner', 'automatic'],
  });
  await networks.create({ Name: 'green', ...pool('10.214.6.0/24') });
  await networks.create({ Name: 'inner', ...pool('10.214.7.0/24'), Internal: true });
});

test('containers on one network find each other by every name; others do not', async () => {
  const before = performance.now();
  const one = await fixture.attach('one', { networkMode: 'blue' });
  console.log('first attach with the name server', (performance.now() - before).toFixed(1), 'ms');
  const again = performance.now();
  const two = await fixture.attach('two', {
    networkMode: 'blue',
    endpoints: { blue: { Aliases: ['db', 'store'], IPAMConfig: { IPv4Address: '10.214.5.77' } } },
  });
  console.log('second', (performance.now() - again).toFixed(1), 'ms');
  const server = '10.214.5.1';
  assert.deepEqual(one.nameservers, [server]);
  assert.equal(two.networks['blue']?.IPAddress, '10.214.5.77');
  assert.deepEqual(two.networks['blue']?.Aliases, ['db', 'store']);
  const ofItself = ['two', 'db', 'store', fixture.idOf('two').slice(0, 12), 'two-host'];
  for (const name of [...ofItself, ...ofItself.map((each) => `${each}.blue`), 'DB.Blue.']) {
    assert.equal(await fixture.lookup('one', name, server), '10.214.5.77', name);
  }
  await fixture.attach('stranger', { networkMode: 'green' });
  for (const name of ['two', 'two.blue'])
    assert.notEqual(await fixture.lookup('stranger', name, '10.214.6.1'), '10.214.5.77');
  await fixture.serve('two', 80, 'two');
  assert.match(await fixture.ask('one', '10.214.5.77', 80), /^two .*10\.214\.5\.2$/);
  assert.equal(await fixture.ask('stranger', '10.214.5.77', 80), 'timeout');
  await assert.rejects(
    fixture.attach('three', {
      networkMode: 'blue',
      endpoints: { blue: { IPAMConfig: { IPv4Address: '10.214.5.77' } } },
    }),
    { kind: 'conflict', message: 'Address already in use', hint: 'Container two has 10.214.5.77.' },
  );
});

test('a running container joins and leaves a network, names and all', async () => {
  const joined = await fixture.networks.connect('blue', fixture.idOf('stranger'), { Aliases: ['friend'] });
  assert.equal(joined.IPAddress, '10.214.5.3');
  assert.match(await fixture.ask('stranger', '10.214.5.77', 80), /^two /);
  assert.equal(await fixture.lookup('one', 'friend', '10.214.5.1'), '10.214.5.3');
  assert.deepEqual(Object.keys(fixture.networks.settingsOf(fixture.idOf('stranger'))), ['green', 'blue']);
  console.log('across networks:', await fixture.lookup('stranger', 'two', '10.214.6.1'));
  await assert.rejects(fixture.networks.connect('blue', fixture.idOf('stranger')), { kind: 'forbidden' });
  await fixture.networks.disconnect('blue', fixture.idOf('stranger'));
  assert.equal(await fixture.ask('stranger', '10.214.5.77', 80), 'timeout');
  assert.notEqual(await fixture.lookup('one', 'friend', '10.214.5.1'), '10.214.5.3');
});

test('an internal network has no way out, and no default route', async () => {
  const attached = await fixture.attach('hidden', { networkMode: 'inner' });
  assert.equal(attached.networks['inner']?.Gateway, '');
  assert.equal(await fixture.ask('hidden', '10.214.5.77', 80), 'ENETUNREACH');
  const both = await fixture.attach('both', { networkMode: 'inner', endpoints: { inner: {}, blue: {} } });
  assert.deepEqual(Object.keys(both.networks), ['inner', 'blue']);
  assert.match(await fixture.ask('both', '10.214.5.77', 80), /^two /);
});

test('names outlive the engine; the next one finds the server and ends it with the last container', async () => {
  const pid = serverPid();
  await fixture.reopen();
  assert.equal(await fixture.lookup('one', 'two', '10.214.5.1'), '10.214.5.77');
  const names = ['one', 'two'];
  await fixture.networks.recover(
    names.map((name) => ({ containerId: fixture.idOf(name), netnsPath: fixture.netns(name) })),
  );
  assert.equal(serverPid(), pid);
  assert.equal(await fixture.lookup('one', 'two', '10.214.5.1'), '10.214.5.77');
  assert.notEqual(await fixture.lookup('one', 'both', '10.214.5.1'), '10.214.5.79');
  await assert.rejects(fixture.networks.remove('blue'), {
    kind: 'conflict',
    message: /^error while removing network: network blue has active endpoints \(name:"one" id:/,
    hint: /one two/,
  });
  for (const name of names) await fixture.detach(name);
  for (let wait = 0; isAlive(pid) && wait < 100; wait++)
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(isAlive(pid), false);
  assert.equal(existsSync(join(fixture.root, 'run', 'dns', '0', 'aardvark.pid')), false);
});

test('a container that restarts, and one right after the server has ended, have names at once', async () => {
  await fixture.attach('one', { networkMode: 'blue' });
  const pid = serverPid();
  await fixture.detach('one');
  const moved = await fixture.attach('one', { networkMode: 'blue' });
  assert.equal(serverPid(), pid);
  assert.equal(await fixture.lookup('one', 'one', '10.214.5.1'), moved.networks['blue']?.IPAddress);
  await fixture.detach('one');
  await fixture.reopen();
  const last = await fixture.attach('one', { networkMode: 'blue' });
  assert.notEqual(serverPid(), pid);
  assert.equal(await fixture.lookup('one', 'one', '10.214.5.1'), last.networks['blue']?.IPAddress);
  await fixture.detach('one');
});

test('networks are removed, but not the predefined ones', async () => {
  const { networks } = fixture;
  await assert.rejects(networks.remove('bridge'), {
    kind: 'forbidden',
    message: 'bridge is a pre-defined network and cannot be removed',
  });
  const { Id } = networks.inspect('blue');
  await networks.remove('blue');
  assert.equal(
    observeLinks().find(({ name }) => name === `wh-${Id.slice(0, 12)}`),
    undefined,
  );
  assert.throws(() => networks.inspect('blue'), { kind: 'not-found' });
});

test('a rename that was cut off is completed: the name of the record counts', async () => {
  await fixture.networks.create({ Name: 'renamed' });
  await fixture.attach('before', { networkMode: 'renamed' });
  await fixture.networks.followName(fixture.idOf('before'), 'after');
  const { IPAM, Containers } = fixture.networks.inspect('renamed');
  assert.equal(Containers[fixture.idOf('before')]?.Name, 'after');
  const address = Containers[fixture.idOf('before')]?.IPv4Address.split('/')[0];
  assert.equal(await fixture.lookup('before', 'after', IPAM.Config?.[0]?.Gateway ?? ''), address);
  await fixture.networks.followName(fixture.idOf('nobody'), 'x');
  await fixture.detach('before');
  await fixture.networks.remove('renamed');
});

test('neighbours are asked for before names in search domains, unless the container says otherwise', async () => {
  await fixture.networks.create({ Name: 'searching' });
  const attach = async (change: object): Promise<string[]> => {
    const { options } = await fixture.attach('asker', { networkMode: 'searching', ...change });
    await fixture.detach('asker');
    return options.filter((option) => option.startsWith('ndots:'));
  };
  assert.deepEqual(await attach({}), ['ndots:0']);
  assert.deepEqual(await attach({ dnsOptions: ['ndots:3'] }), ['ndots:3']);
  assert.deepEqual(await attach({ networkMode: 'default', dnsOptions: ['rotate'] }), []);
  await fixture.networks.remove('searching');
});
