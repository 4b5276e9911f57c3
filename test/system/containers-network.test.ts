// Containers on networks: published ports and their refusal, names, joining and leaving, shared namespaces.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import type { Engine } from '#engine/open.ts';
import { endEngine, importBusybox, mountsBelow, newPlace, openAt, runIn } from './containers-fixture.ts';

const place = newPlace();
let engine: Engine;
before(async () => {
  engine = await openAt(place);
  await importBusybox(engine, place.dir);
});
after(async () => {
  await endEngine(engine);
  assert.deepEqual(mountsBelow(place.dir), []);
  place[Symbol.dispose]();
});

async function run(name: string, HostConfig: object, Cmd = ['sleep', '1000']): Promise<string> {
  const { Id } = await engine.containers.create({ Image: 'busybox', Cmd, HostConfig }, { name });
  await engine.containers.start(Id);
  return Id;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test('a port that is taken is refused by name, and nothing of the start is left', async () => {
  const HostPort = String(await freePort());
  const publish = { PortBindings: { '80/tcp': [{ HostPort }] } };
  await run('first', publish);
  const { NetworkSettings } = await engine.containers.inspect('first');
  assert.equal(NetworkSettings.Ports['80/tcp']?.[0]?.HostPort, HostPort);
  await assert.rejects(run('second', publish), /Bind for 0\.0\.0\.0:\d+ failed: port is already allocated/);
  await engine.containers.settle();
  const second = engine.containers.find('second');
  assert.equal(second.phase, 'created');
  assert.deepEqual(
    mountsBelow(place.dir).filter((path) => path.includes(second.id)),
    [],
  );
  await engine.containers.remove('first', { force: true });
  assert.equal(await engine.containers.start('second'), true, 'free again at once');
  await engine.containers.remove('second', { force: true });
});

test('on a user network containers find each other by name', async () => {
  await engine.networks.create({ Name: 'town' });
  await run('house', { NetworkMode: 'town' });
  const ping = await runIn(engine, {
    Cmd: ['ping', '-c', '1', '-W', '2', 'house'],
    HostConfig: { NetworkMode: 'town' },
  });
  assert.equal(ping.code, 0, ping.stdout + ping.stderr);
  await engine.containers.remove(ping.id);
  await engine.containers.remove('house', { force: true });
  await engine.networks.remove('town');
});

test('joining and leaving while it runs', async () => {
  await engine.networks.create({ Name: 'extra' });
  await run('guest', {});
  await engine.containers.connect('guest', 'extra');
  const joined = await engine.containers.inspect('guest');
  assert.deepEqual(Object.keys(joined.NetworkSettings.Networks).sort(), ['bridge', 'extra']);
  await engine.containers.disconnect('guest', 'extra');
  const left = await engine.containers.inspect('guest');
  assert.deepEqual(Object.keys(left.NetworkSettings.Networks), ['bridge']);
  await engine.containers.remove('guest', { force: true });
  await engine.networks.remove('extra');
});

test("another container's network and processes can be shared", async () => {
  const host = await run('landlord', {});
  const ran = await runIn(engine, {
    Cmd: ['sh', '-c', 'hostname; ip -o -4 addr show eth0; cat /proc/1/cmdline'],
    HostConfig: { NetworkMode: 'container:landlord', PidMode: 'container:landlord' },
  });
  const address = (await engine.containers.inspect(host)).NetworkSettings.IPAddress;
  assert.ok(ran.stdout.startsWith(`${host.slice(0, 12)}\n`), ran.stdout);
  assert.ok(ran.stdout.includes(` ${address}/`), ran.stdout);
  assert.ok(ran.stdout.includes('sleep\0'), ran.stdout);
  await engine.networks.create({ Name: 'extra' });
  await assert.rejects(engine.containers.connect(ran.id, 'extra'), /sharing network namespace with another/);
  await engine.networks.remove('extra');

  const lodger = await run('lodger', { NetworkMode: 'container:landlord' });
  const guest = await runIn(engine, {
    Cmd: ['ip', '-o', '-4', 'addr', 'show', 'eth0'],
    HostConfig: { NetworkMode: 'container:lodger' },
  });
  assert.ok(guest.stdout.includes(` ${address}/`), `a lodger's guest: ${guest.stdout}${guest.stderr}`);
  await engine.containers.remove(guest.id);
  await engine.containers.restart('landlord', { timeoutSeconds: 0 });
  const { State } = await engine.containers.inspect(lodger);
  const before = execFileSync('nsenter', ['-t', `${State.Pid}`, '-n', 'ip', '-4', 'addr']).toString();
  assert.doesNotMatch(before, /eth0/, 'the address may be another’s by now');
  await engine.containers.restart(lodger, { timeoutSeconds: 0 });
  const again = await engine.containers.inspect(lodger);
  const links = execFileSync('nsenter', ['-t', `${again.State.Pid}`, '-n', 'ip', '-4', 'addr']).toString();
  assert.match(links, /eth0/);

  await engine.containers.stop('landlord', { timeoutSeconds: 0 });
  await assert.rejects(engine.containers.restart(lodger, { timeoutSeconds: 0 }), {
    message: `cannot join network of a non running container: ${host}`,
    hint: 'Start it first: wharf start landlord',
  });
  await engine.containers.remove('landlord', { force: true });
  await assert.rejects(engine.containers.start(lodger), {
    kind: 'not-found',
    message: `No such container: ${host}`,
  });
  await engine.containers.remove(lodger, { force: true });
});

test('a resolv.conf that was edited inside stays, until the next start; lines added to the hosts file stay as well', async () => {
  const guest = await run('guest', {});
  await engine.networks.create({ Name: 'extra' });
  const { ResolvConfPath, HostsPath } = await engine.containers.inspect(guest);
  const given = readFileSync(ResolvConfPath, 'utf8');
  await engine.containers.connect('guest', 'extra');
  assert.notEqual(readFileSync(ResolvConfPath, 'utf8'), given, 'one that nobody edited follows');
  await engine.containers.disconnect('guest', 'extra');
  assert.equal(readFileSync(ResolvConfPath, 'utf8'), given);
  const edit = [
    'sh',
    '-c',
    'echo nameserver 192.0.2.53 > /etc/resolv.conf; echo 192.0.2.9 mine >> /etc/hosts',
  ];
  await using stream = await engine.containers.execStart(
    engine.containers.execCreate('guest', { Cmd: edit }),
  );
  for await (const _ of stream.output);
  await engine.containers.connect('guest', 'extra');
  await engine.containers.disconnect('guest', 'extra');
  assert.equal(readFileSync(ResolvConfPath, 'utf8'), 'nameserver 192.0.2.53\n');
  assert.match(readFileSync(HostsPath, 'utf8'), /^192\.0\.2\.9 mine$/m);
  await engine.containers.restart('guest', { timeoutSeconds: 0 });
  assert.equal(readFileSync(ResolvConfPath, 'utf8'), given);
  await engine.containers.remove('guest', { force: true });
  await engine.networks.remove('extra');
});
