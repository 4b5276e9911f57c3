// Published ports on a real kernel: from the host, from containers, taken ones, after a restart of the engine.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, test } from 'node:test';
import { observeElements, removeTable, tableExists } from '#kernel/firewall.ts';
import { observeLinks, removeLink } from '#kernel/links.ts';
import { isNetns } from '#kernel/netns.ts';
import { NetworksFixture } from './networks-fixture.ts';

const gateway = '10.214.3.1';
const fixture = new NetworksFixture(`${gateway}/24`);
after(async () => {
  await fixture.close();
  assert.equal(await tableExists('inet', fixture.table), false);
  assert.equal(
    observeLinks().find(({ name }) => name === fixture.bridge),
    undefined,
  );
});

const publish = (HostPort: string, HostIp = '') => ({ portBindings: { '80/tcp': [{ HostIp, HostPort }] } });

test('a container without ports is attached quickly and reaches its gateway', async () => {
  await fixture.networks.ready;
  const took: number[] = [];
  for (let round = 0; round < 5; round++) {
    const before = performance.now();
    const attached = await fixture.attach('plain');
    took.push(performance.now() - before);
    const { bridge } = attached.networks;
    assert.equal(bridge?.Gateway, gateway);
    assert.match(bridge?.MacAddress ?? '', /^02:42:0a:d6:03:/);
    assert.equal(bridge?.IPAddress, `10.214.3.${round + 2}`);
    assert.deepEqual(attached.ports, {});
    assert.equal(attached.sandboxKey, fixture.netns('plain'));
    assert.deepEqual(attached.hosts, [{ ip: bridge?.IPAddress, names: ['plain-host'] }]);
    await fixture.detach('plain');
    assert.equal(isNetns(fixture.netns('plain')), false);
  }
  console.log('attach took', took.map((ms) => ms.toFixed(2)).join(' '), 'ms');
  assert.ok(Math.min(...took) < 30, String(took));
});

test('a published port answers on 127.0.0.1, the host, the gateway, and to containers', async () => {
  const { ports } = await fixture.attach('web', {
    portBindings: { '80/tcp': [{ HostIp: '', HostPort: '20811' }], '80/udp': [{ HostPort: '20811' }] },
    exposedPorts: ['80/tcp', '443/tcp'],
  });
  assert.deepEqual(ports, {
    '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '20811' }],
    '443/tcp': null,
    '80/udp': [{ HostIp: '0.0.0.0', HostPort: '20811' }],
  });
  await fixture.serve('web', 80, 'web');
  await fixture.attach('client');
  const own = Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.family === 'IPv4' && !each.internal)?.address;
  for (const address of ['127.0.0.1', '127.0.0.2', gateway, ...(own === undefined ? [] : [own])]) {
    assert.match(await fixture.ask(undefined, address, 20811), /^web /, `host to ${address}`);
    assert.equal(await fixture.askUdp(address, 20811), 'web', `udp to ${address}`);
  }
  for (const address of [gateway, ...(own === undefined ? [] : [own])]) {
    assert.match(await fixture.ask('client', address, 20811), /^web /, `container to ${address}`);
    assert.match(await fixture.ask('web', address, 20811), /^web /, `the container itself to ${address}`);
  }
});

test('a port on one address answers there only; the loopback of the host stays out of reach', async () => {
  await fixture.attach('local', publish('20812', '127.0.0.1'));
  await fixture.serve('local', 80, 'local');
  assert.match(await fixture.ask(undefined, '127.0.0.1', 20812), /^local /);
  assert.equal(await fixture.ask(undefined, gateway, 20812), 'ECONNREFUSED');
  assert.equal(await fixture.ask('client', gateway, 20812), 'ECONNREFUSED');
});

test('a taken port names who has it, and the failed attempt leaves nothing', async () => {
  await assert.rejects(fixture.attach('second', publish('20811')), {
    kind: 'conflict',
    message: 'Bind for 0.0.0.0:20811 failed: port is already allocated',
    hint: /web/,
  });
  const twice = { '80/tcp': [{ HostPort: '20815' }, { HostPort: '20815' }] };
  await assert.rejects(fixture.attach('second', { portBindings: twice }), {
    message: 'Bind for 0.0.0.0:20815 failed: port is already allocated',
    hint: 'It is asked for twice.',
  });
  await fixture.networks.rename({ containerId: fixture.idOf('web'), from: 'web', to: 'site' });
  await assert.rejects(fixture.attach('second', publish('20811')), { hint: 'Container site has it.' });
  await fixture.networks.rename({ containerId: fixture.idOf('web'), from: 'site', to: 'web' });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(20813, '127.0.0.1', resolve));
  await assert.rejects(fixture.attach('second', publish('20813')), {
    kind: 'conflict',
    message: 'Bind for 0.0.0.0:20813 failed: port is already allocated',
    hint: new RegExp(`${process.pid}`),
  });
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(fixture.attach('second', publish('20814', '10.99.99.99')), {
    message: /cannot assign requested address/,
  });
  assert.equal(isNetns(fixture.netns('second')), false);
  assert.deepEqual(fixture.networks.settingsOf(fixture.idOf('second')), {});
  const { ports } = await fixture.attach('second', publish('20811-20813'));
  assert.equal(ports['80/tcp']?.[0]?.HostPort, '20813');
  await fixture.detach('second');
});

test('no host port and -P give ports of the ephemeral range', async () => {
  const { ports } = await fixture.attach('any', {
    portBindings: { '80/tcp': [{ HostIp: '', HostPort: '' }] },
    exposedPorts: ['80/tcp', '81/udp'],
    publishAll: true,
  });
  for (const key of ['80/tcp', '81/udp']) {
    const port = Number(ports[key]?.[0]?.HostPort);
    assert.ok(port >= 32768 && port <= 60999, `${key} ${port}`);
  }
  await fixture.detach('any');
});

test('after a restart of the engine ports answer, are reserved, and those of the dead are given back', async () => {
  await fixture.reopen();
  assert.match(await fixture.ask(undefined, '127.0.0.1', 20811), /^web /);
  await fixture.networks.recover([{ containerId: fixture.idOf('web'), netnsPath: fixture.netns('web') }]);
  assert.deepEqual(fixture.networks.warnings, []);
  assert.match(await fixture.ask(undefined, '127.0.0.1', 20811), /^web /);
  assert.equal(await fixture.ask(undefined, '127.0.0.1', 20812), 'ECONNREFUSED');
  assert.equal(isNetns(fixture.netns('local')), false);
  await assert.rejects(fixture.attach('second', publish('20811')), { hint: /web/ });
  await fixture.detach('web');
  const { ports } = await fixture.attach('second', publish('20811'));
  assert.equal(ports['80/tcp']?.[0]?.HostPort, '20811');
  await fixture.detach('second');
});

test('host, none and container modes', async () => {
  const host = await fixture.attach('h', { networkMode: 'host' });
  assert.deepEqual(Object.keys(host.networks), ['host']);
  const none = await fixture.attach('n', { networkMode: 'none' });
  assert.equal(none.networks['none']?.IPAddress, '');
  assert.ok(isNetns(fixture.netns('n')));
  const joined = await fixture.attach('j', { networkMode: 'container:n' });
  assert.equal(joined.sandboxKey, fixture.netns('n'));
  await assert.rejects(fixture.attach('j', { networkMode: 'container:missing' }), {
    kind: 'conflict',
    message: 'cannot join network of a non running container: missing',
  });
  await fixture.detach('j');
  assert.ok(isNetns(fixture.netns('n')));
  for (const name of ['h', 'n']) await fixture.detach(name);
});

test('a table or a bridge that someone deleted is made again by the next container', async () => {
  await removeTable('inet', fixture.table);
  removeLink(fixture.bridge);
  await fixture.attach('again', publish('20815'));
  await fixture.serve('again', 80, 'again');
  assert.match(await fixture.ask(undefined, '127.0.0.1', 20815), /^again /);
  await fixture.detach('again');
  assert.equal(await fixture.ask(undefined, '127.0.0.1', 20815), 'ECONNREFUSED');
});

test('twenty at a time get addresses and ports of their own, and leave nothing', async () => {
  const names = Array.from({ length: 20 }, (_, index) => `many${index}`);
  const before = performance.now();
  const attached = await Promise.all(
    names.map((name, index) => fixture.attach(name, publish(String(20820 + index)))),
  );
  console.log('20 with ports', (performance.now() - before).toFixed(0), 'ms');
  const addresses = attached.map(({ networks }) => networks['bridge']?.IPAddress);
  assert.equal(new Set(addresses).size, 20);
  assert.equal((await observeElements(fixture.table, 'map', 'published4')).length, 20);
  await Promise.all(names.map((name) => fixture.detach(name)));
  assert.deepEqual(await observeElements(fixture.table, 'map', 'published4'), []);
  assert.deepEqual(fixture.networks.inspect('bridge').Containers, {});
});
