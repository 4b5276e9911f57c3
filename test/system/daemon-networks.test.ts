// What a daemon is told of networks, by its command line and by its file, seen in the kernel and in containers.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { observeElements } from '#kernel/firewall.ts';
import { type Link, observeLinks } from '#kernel/links.ts';
import { inNetns } from '#kernel/netns.ts';
import { TestDaemon, whyNot } from './api-fixture.ts';
import { enterOwnHost, host, ip, type OwnHost, world } from './networks-own-host.ts';

const skip = whyNot() ?? false;
if (skip !== false) console.log(`skipped: ${skip}`);

const port = '20971';

describe('a daemon that is told of networks', { skip }, () => {
  let place: OwnHost;
  let daemon: TestDaemon;
  const outside: ChildProcess[] = [];
  before(async () => {
    place = await enterOwnHost();
    daemon = new TestDaemon();
    await daemon.start();
    await daemon.importBase();
    await daemon.stop();
    outside.push(await serveWorld(place.worldNetns));
    await inNetns(place.worldNetns, () => ip(['route', 'add', '10.214.70.0/24', 'via', host.ipv4]));
  });
  afterEach(() => daemon.stop());
  after(async () => {
    // What a test that failed has left goes by an engine.
    await daemon?.start();
    for (const child of outside) await ended(child);
    await daemon?.[Symbol.asyncDispose]();
    place?.close();
  });

  const link = (name: string): Link | undefined => observeLinks().find((each) => each.name === name);
  const bridgeOf = async (network: string): Promise<Link | undefined> =>
    link(`wh-${(await daemon.ok('network', 'inspect', '-f', '{{.Id}}', network)).slice(0, 12)}`);
  const run = (name: string, ...more: string[]): Promise<string> =>
    daemon.ok('run', '-d', '--name', name, ...more, 'base:1', 'sleep', '600');
  const addressOf = (name: string): Promise<string> =>
    daemon.ok('inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', name);
  const reaches = async (name: string, address: string): Promise<boolean> =>
    (await daemon.docker(['exec', name, 'ping', '-c', '1', '-W', '2', address])).code === 0;

  /** The settings that both ways of telling share; `mtu` tells them apart. */
  async function assertDefaults(mtu: number): Promise<void> {
    const bridge = link(daemon.bridge);
    assert.deepEqual(
      bridge?.addresses.filter((each) => !each.includes(':')),
      ['10.214.70.1/24'],
    );
    assert.equal(bridge?.mtu, mtu);
    const name = `c${mtu}`;
    await run(name, '-p', `${port}:80`);
    const address = await addressOf(name);
    assert.match(address, /^10\.214\.70\.1(2[89]|[3-8]\d|9[01])$/, 'an address of the fixed part');
    const inside = await daemon.ok('exec', name, 'cat', '/sys/class/net/eth0/mtu', '/etc/resolv.conf');
    assert.match(inside, new RegExp(`^${mtu}\\n`));
    assert.match(inside, new RegExp(`nameserver ${world.ipv4}\\nsearch wharf\\.test\\noptions ndots:3`));
    assert.equal(await daemon.ok('port', name), `80/tcp -> 127.0.0.1:${port}`);
    assert.deepEqual(await observeElements(`wharf_${daemon.bridge}`, 'map', 'published4_at'), [
      `127.0.0.1 . tcp . ${port} : ${address} . 80`,
    ]);
    assert.equal(await knock(host.ipv4), 'ECONNREFUSED', 'not on the other addresses');
  }

  test('by flags', async () => {
    await daemon.start([
      ...[
        '--bip',
        '10.214.70.1/24',
        '--fixed-cidr',
        '10.214.70.128/26',
        '--mtu',
        '1400',
        '--ip',
        '127.0.0.1',
      ],
      ...['--icc=false', '--ip-masq=false'],
      ...['--dns', world.ipv4, '--dns-search', 'wharf.test', '--dns-opt', 'ndots:3'],
      ...['--default-address-pool', 'base=10.214.80.0/20,size=26'],
      ...['--default-network-opt', 'bridge=com.docker.network.driver.mtu=1300'],
    ]);
    await assertDefaults(1400);
    await run('other');
    assert.equal(await reaches('other', await addressOf('c1400')), false, 'no icc');
    assert.equal(await reaches('other', '10.214.70.1'), true, 'the host can be reached');
    const seen = await daemon.ok('exec', 'other', 'wget', '-qO-', `http://${world.ipv4}:90/`);
    assert.equal(seen, await addressOf('other'), 'nobody gave it the address of the host');
    for (const [index, name] of ['p1', 'p2'].entries()) {
      await daemon.ok('network', 'create', name);
      const bridge = await bridgeOf(name);
      assert.ok(bridge?.addresses.includes(`10.214.80.${1 + index * 64}/26`), bridge?.addresses.join());
      assert.equal(bridge?.mtu, 1300);
    }
    await daemon.ok('network', 'create', '-o', 'com.docker.network.driver.mtu=1200', 'p3');
    assert.equal((await bridgeOf('p3'))?.mtu, 1200, 'its own option counts');
    await run('user', '--network', 'p1');
    const asked = await daemon.ok('exec', 'user', 'wget', '-qO-', 'http://far.example:90/');
    assert.equal(asked, host.ipv4, 'a name that only the named server knows, by the network’s own server');
    await daemon.ok('rm', '-f', 'c1400', 'other', 'user');
    await daemon.ok('network', 'rm', 'p1', 'p2', 'p3');
  });

  test('by the file, while containers of the time before run', async () => {
    await daemon.start(['--bip', '10.214.70.1/24']);
    assert.equal(link(daemon.bridge)?.mtu, 1500);
    await run('before');
    await daemon.stop();
    const file = join(daemon.dir, 'daemon.json');
    const told = {
      bip: '10.214.70.1/24',
      'fixed-cidr': '10.214.70.128/26',
      mtu: 1450,
      ip: '127.0.0.1',
      icc: true,
      'ip-masq': true,
      dns: [world.ipv4],
      'dns-search': ['wharf.test'],
      'dns-opts': ['ndots:3'],
      'default-address-pools': [{ base: '10.214.96.0/20', size: 25 }],
      'default-network-opts': { bridge: { 'com.docker.network.bridge.enable_icc': 'false' } },
      'live-restore': true,
    };
    writeFileSync(file, JSON.stringify(told));
    await daemon.start(['--config-file', file]);
    await assertDefaults(1450);
    assert.equal(await reaches('before', await addressOf('c1450')), true, 'icc');
    assert.equal(await daemon.ok('exec', 'before', 'wget', '-qO-', `http://${world.ipv4}:90/`), host.ipv4);
    await daemon.ok('network', 'create', 'apart');
    assert.ok((await bridgeOf('apart'))?.addresses.includes('10.214.96.1/25'));
    await run('a1', '--network', 'apart');
    await run('a2', '--network', 'apart');
    assert.equal(await reaches('a1', await addressOf('a2')), false, 'no icc on networks that are made');
    await daemon.ok('rm', '-f', 'before', 'c1450', 'a1', 'a2');
    await daemon.ok('network', 'rm', 'apart');
  });

  test('what cannot be, and what means nothing, is refused in words', async () => {
    const file = join(daemon.dir, 'daemon.json');
    const wrongFiles: [object, RegExp][] = [
      [{ icc: true, iccc: false, iptable: false }, /daemon\.json: .*any configuration option: iccc, iptable/],
      [{ mtu: 'large' }, /"mtu" must be a whole number above zero/],
      [{ icc: 'no' }, /"icc" must be true or false/],
      [{ dns: '192.0.2.2' }, /"dns" must be a list of strings/],
      [{ 'default-network-opts': { bridge: 'x' } }, /"default-network-opts" must be an object of objects/],
    ];
    for (const [content, message] of wrongFiles) {
      writeFileSync(file, JSON.stringify(content));
      await assert.rejects(daemon.start(['--config-file', file]), message, String(message));
    }
    const wrongFlags: [string[], RegExp][] = [
      [['--mtu', 'large'], /invalid MTU: large/],
      [['--mtu', '12'], /invalid MTU: 12/],
      [['--dns', 'here'], /invalid IP address: here/],
      [['--ip', '300.0.0.1'], /invalid IP address: 300\.0\.0\.1/],
      [['--bip', 'ten'], /invalid CIDR address: ten/],
      [['--bip', '10.214.70.1/24', '--fixed-cidr', '10.9.9.0/25'], /invalid ip-range 10\.9\.9\.0\/25/],
      [['--default-network-opt', 'mtu'], /invalid default network option: mtu/],
      [['--default-address-pool', 'base=10.0.0.0/24,size=8'], /invalid address pool: base 10\.0\.0\.0\/24/],
    ];
    for (const [flags, message] of wrongFlags)
      await assert.rejects(daemon.start(flags), message, String(message));
  });
});

/** Who asks, told over HTTP on port 90; and a name server that has one address for every name. */
async function serveWorld(netns: string): Promise<ChildProcess> {
  const script = `
    const [address] = process.argv.slice(1);
    const dns = require('dgram').createSocket('udp4').on('message', (question, from) => {
      const end = question.indexOf(0, 12) + 5;
      const isA = question.readUInt16BE(end - 4) === 1;
      const head = Buffer.from([question[0], question[1], 0x81, 0x80, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0]);
      const row = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, ...address.split('.').map(Number)]);
      dns.send(Buffer.concat([head, question.subarray(12, end), ...(isA ? [row] : [])]), from.port, from.address);
    }).bind(53, address, () => require('http').createServer((request, answer) =>
      answer.end(request.socket.remoteAddress)).listen(90, address, () => console.log('up')));`;
  const child = inNetns(netns, () =>
    spawn(process.execPath, ['-e', script, world.ipv4], { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('close', () => reject(new Error('the world ended')));
  });
  return child;
}

async function ended(child: ChildProcess): Promise<void> {
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await closed;
}

/** How a connection to the port ends. */
function knock(address: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: Number(port) });
    socket.on('connect', () => resolve('connected'));
    socket.on('error', (thrown: NodeJS.ErrnoException) => resolve(thrown.code ?? ''));
    socket.on('close', () => socket.destroy());
  });
}
