// Who cannot reach whom: other networks, the world from an internal one, neighbours without icc, addresses of others.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inNetns } from '#kernel/netns.ts';
import { run, runOk, startProgram } from '#kernel/spawn.ts';
import { readSysctl, writeSysctl } from '#kernel/sysctl.ts';
import { NetworksFixture } from './networks-fixture.ts';
import { enterOwnHost, host, ip, world } from './networks-own-host.ts';

const place = await enterOwnHost();
const fixture = new NetworksFixture('10.214.16.1/24');
after(async () => {
  await fixture.close();
  place.close();
});

const both = (four: string, six: string) => ({
  EnableIPv6: true,
  IPAM: { Config: [{ Subnet: four }, { Subnet: six }] },
});
// What the kernel does with bridged packets differs from host to host; each rule holds either way.
const bridgeFilters = ['1', '0'];

async function onEachHost(work: () => Promise<void>): Promise<void> {
  const keys = ['iptables', 'ip6tables'].map((each) => `net.bridge.bridge-nf-call-${each}`);
  if (readSysctl(keys[0] ?? '') === undefined) return work();
  for (const value of bridgeFilters) {
    for (const key of keys) writeSysctl(key, value);
    await work();
  }
}

test('containers of different networks cannot reach each other, by either family', async () => {
  await fixture.networks.ready;
  await fixture.networks.create({ Name: 'red', ...both('10.214.17.0/24', 'fd00:214:17::/64') });
  await fixture.networks.create({ Name: 'blue', ...both('10.214.18.0/24', 'fd00:214:18::/64') });
  for (const name of ['red1', 'red2']) await fixture.attach(name, { networkMode: 'red' });
  await fixture.attach('blue1', { networkMode: 'blue' });
  await fixture.serve('red2', 80, 'red2');
  await onEachHost(async () => {
    for (const address of ['10.214.17.3', 'fd00:214:17::3']) {
      assert.match(await fixture.ask('red1', address, 80), /^red2 /, `a neighbour to ${address}`);
      assert.equal(await fixture.ask('blue1', address, 80), 'timeout', `a stranger to ${address}`);
    }
  });
});

test('the world reaches no container that publishes nothing, though it knows the way', async () => {
  await inNetns(place.worldNetns, () => ip(['route', 'add', '10.214.17.0/24', 'via', host.ipv4]));
  const script =
    "const s=require('net').connect(80,'10.214.17.3');s.on('error',()=>process.exit(3));s.on('connect',()=>process.exit(0));setTimeout(()=>process.exit(4),700)";
  const asked = await inNetns(place.worldNetns, () =>
    run(process.execPath, ['-e', script], { timeoutMs: 10_000 }),
  );
  assert.equal(asked.code, 4);
});

test('an internal network cannot reach out, even with a route, nor be reached by published ports', async () => {
  await fixture.networks.create({
    Name: 'vault',
    Internal: true,
    ...both('10.214.19.0/24', 'fd00:214:19::/64'),
  });
  const attached = await fixture.attach('gold', {
    networkMode: 'vault',
    portBindings: { '80/tcp': [{ HostPort: '20921' }] },
  });
  assert.deepEqual(attached.ports, {});
  await fixture.attach('silver', { networkMode: 'vault' });
  await fixture.serve('silver', 80, 'silver');
  await fixture.serveAt(place.worldNetns, 90, 'world');
  assert.equal(await fixture.ask('gold', world.ipv4, 90), 'ENETUNREACH');
  await inNetns(fixture.netns('gold'), () => ip(['route', 'add', 'default', 'via', '10.214.19.1']));
  await inNetns(fixture.netns('gold'), () => ip(['-6', 'route', 'add', 'default', 'via', 'fd00:214:19::1']));
  await onEachHost(async () => {
    assert.match(await fixture.ask('gold', '10.214.19.3', 80), /^silver /);
    assert.equal(await fixture.ask('gold', world.ipv4, 90), 'timeout');
    assert.equal(await fixture.ask('gold', world.ipv6, 90), 'timeout');
    assert.equal(await fixture.ask('red1', '10.214.19.3', 80), 'timeout');
  });
});

test('without icc neighbours cannot reach each other, but published ports and the world they can', async () => {
  await fixture.networks.create({
    Name: 'strangers',
    ...both('10.214.20.0/24', 'fd00:214:20::/64'),
    Options: { 'com.docker.network.bridge.enable_icc': 'false' },
  });
  await onEachHost(async () => {
    const attached = await fixture.attach('n1', { networkMode: 'strangers' });
    const { networks } = await fixture.attach('n2', {
      networkMode: 'strangers',
      portBindings: { '80/tcp': [{ HostPort: '20922' }] },
    });
    assert.equal(attached.networks['strangers']?.NetworkID, networks['strangers']?.NetworkID);
    await fixture.serve('n2', 80, 'n2');
    const { IPAddress = '', GlobalIPv6Address = '' } = networks['strangers'] ?? {};
    for (const address of [IPAddress, GlobalIPv6Address]) {
      assert.match(await fixture.ask('n1', address, 80), /^(timeout|EHOSTUNREACH)$/, address);
    }
    assert.match(await fixture.ask('n1', host.ipv4, 20922), /^n2 /);
    assert.equal(await fixture.ask('n1', world.ipv4, 90), `world ::ffff:${host.ipv4}`);
    assert.match(await fixture.ask(undefined, IPAddress, 80), /^n2 /);
    for (const name of ['n1', 'n2']) await fixture.detach(name);
  });
});

test('containers without icc stay apart when the host begins or ends to filter bridged packets', async (t) => {
  const keys = ['iptables', 'ip6tables'].map((each) => `net.bridge.bridge-nf-call-${each}`);
  if (readSysctl(keys[0] ?? '') === undefined) return t.skip('the kernel has no br_netfilter');
  const filter = (value: string): void => {
    for (const key of keys) writeSysctl(key, value);
  };
  const until = async (expected: RegExp, address: string, port: number, what: string): Promise<void> => {
    let answer = '';
    for (let attempt = 0; attempt < 100; attempt++) {
      answer = await fixture.ask('k1', address, port);
      if (expected.test(answer)) return;
      await sleep(100);
    }
    assert.match(answer, expected, what);
  };
  for (const first of bridgeFilters) {
    filter(first);
    await fixture.attach('k1', { networkMode: 'strangers' });
    const { networks } = await fixture.attach('k2', {
      networkMode: 'strangers',
      portBindings: { '80/tcp': [{ HostPort: '20928' }] },
    });
    await fixture.serve('k2', 80, 'k2');
    filter(first === '1' ? '0' : '1');
    await until(
      /^(timeout|EHOSTUNREACH)$/,
      networks['strangers']?.IPAddress ?? '',
      80,
      `began with ${first}`,
    );
    await until(/^k2 /, host.ipv4, 20928, `published, began with ${first}`);
    await until(/^(timeout|EHOSTUNREACH)$/, networks['strangers']?.IPAddress ?? '', 80, `still, ${first}`);
    for (const name of ['k1', 'k2']) await fixture.detach(name);
  }
});

/** Sends what a container with every right could: whole frames. The answer is how many the watcher got. */
async function spoof(frame: string, watcher: string, pattern: string): Promise<boolean> {
  const script = `
import socket, sys, time, select
kind, frame, pattern = sys.argv[1], bytes.fromhex(sys.argv[2]), bytes.fromhex(sys.argv[2 if sys.argv[1] == 'send' else 3])
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(('eth0', 0))
if kind == 'send':
    for _ in range(5):
        s.send(frame); time.sleep(0.02)
else:
    print('up', flush=True)
    end = time.time() + 3
    while time.time() < end:
        if not select.select([s], [], [], 0.2)[0]: continue
        got = s.recv(2000)
        if pattern in got: print('seen', flush=True); break
        if b'END-OF-TEST' in got: break
`;
  const file = `${fixture.root}/frames.py`;
  writeFileSync(file, script);
  const watch = inNetns(fixture.netns(watcher), () =>
    startProgram('python3', [file, 'watch', '00', pattern], { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  let text = '';
  const ended = new Promise((resolve) => watch.once('close', resolve));
  await new Promise<void>((resolve) =>
    watch.stdout?.on('data', (data: Buffer) => {
      text += data;
      resolve();
    }),
  );
  await inNetns(fixture.netns('red1'), () => runOk('python3', [file, 'send', frame]));
  const last = `ffffffffffff${redMac}88b5${Buffer.from('END-OF-TEST'.padEnd(50)).toString('hex')}`;
  await inNetns(fixture.netns('red1'), () => runOk('python3', [file, 'send', last]));
  await ended;
  return text.includes('seen');
}

const redMac = '02420ad61102';
const broadcast = 'ffffffffffff';

function ipv4Frame(mac: string, source: string, payload: string): string {
  const body = Buffer.from(payload);
  const head = Buffer.from([0x45, 0, 0, 28 + body.length, 0, 0, 0, 0, 64, 17, 0, 0]);
  const words = [...source.split('.').map(Number), 255, 255, 255, 255];
  const all = Buffer.concat([head, Buffer.from(words)]);
  let sum = 0;
  for (let at = 0; at < all.length; at += 2) sum += all.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  head.writeUInt16BE(~sum & 0xffff, 10);
  const udp = Buffer.from([0x30, 0x39, 0x30, 0x39, 0, 8 + body.length, 0, 0]);
  return `${broadcast}${mac}0800${head.toString('hex')}${Buffer.from(words).toString('hex')}${udp.toString('hex')}${body.toString('hex')}`;
}

const arpFrame = (mac: string, senderMac: string, sender: string): string =>
  `${broadcast}${mac}08060001080006040002${senderMac}${Buffer.from(sender.split('.').map(Number)).toString('hex')}${broadcast}0ad61103${'00'.repeat(18)}`;

/** The frame as one of a virtual LAN without a number, which whoever gets it takes for one that is of none. */
const tagged = (frame: string, tags: string): string => `${frame.slice(0, 24)}${tags}${frame.slice(24)}`;

const hex = (text: string): string => Buffer.from(text).toString('hex');

test('a container cannot speak as another one or as the gateway', async () => {
  await fixture.attach('red3', { networkMode: 'red' });
  assert.ok(
    await spoof(ipv4Frame(redMac, '10.214.17.2', 'honest'), 'red2', hex('honest')),
    'its own address',
  );
  assert.ok(
    await spoof(ipv4Frame(redMac, '10.214.17.99', 'unused'), 'red2', hex('unused')),
    'an address that is nobody else’s',
  );
  const other = '10.214.17.4';
  assert.equal(await spoof(ipv4Frame(redMac, other, 'liar-1'), 'red2', hex('liar-1')), false, 'another’s IP');
  const gateway = '10.214.17.1';
  assert.equal(
    await spoof(ipv4Frame(redMac, gateway, 'liar-2'), 'red2', hex('liar-2')),
    false,
    'the gateway’s',
  );
  const mac = '02420ad61104';
  assert.equal(await spoof(ipv4Frame(mac, other, 'liar-3'), 'red2', hex('liar-3')), false, 'another’s both');
  assert.equal(
    await spoof(ipv4Frame(mac, '10.214.17.98', 'liar-4'), 'red2', hex('liar-4')),
    false,
    'its MAC',
  );
  const arp = `0002${redMac}0ad61104`;
  assert.equal(await spoof(arpFrame(redMac, redMac, other), 'red2', arp), false, 'by ARP');
  for (const tags of ['81000000', '88a80000', '8100e00081000000', '88a8000081000000']) {
    const frame = tagged(arpFrame(redMac, redMac, other), tags);
    assert.equal(await spoof(frame, 'red2', arp), false, `by ARP with the tags ${tags}`);
  }
  assert.ok(
    await spoof(arpFrame(redMac, redMac, '10.214.17.2'), 'red2', `0002${redMac}0ad61102`),
    'honest ARP',
  );
});

function ipv6Frame(mac: string, source: string, icmp: string): string {
  const length = (icmp.length / 2).toString(16).padStart(4, '0');
  const all = 'ff020000000000000000000000000001';
  return `333300000001${mac}86dd60000000${length}3aff${source}${all}${icmp}`;
}

test('nor by IPv6, nor take over neighbours’ addresses, nor announce itself as a router', async () => {
  const own = 'fd000214001700000000000000000002';
  const other = 'fd000214001700000000000000000004';
  const echo = (mark: string): string => `8000000000000000${mark}`;
  assert.ok(await spoof(ipv6Frame(redMac, own, echo('aaaa0001')), 'red2', 'aaaa0001'), 'its own');
  assert.equal(await spoof(ipv6Frame(redMac, other, echo('aaaa0002')), 'red2', 'aaaa0002'), false);
  const advert = (target: string): string => `8800000020000000${target}0201${redMac}`;
  assert.equal(
    await spoof(ipv6Frame(redMac, own, advert(other)), 'red2', advert(other)),
    false,
    'NA of another',
  );
  assert.ok(await spoof(ipv6Frame(redMac, own, advert(own)), 'red2', advert(own)), 'NA of its own');
  const router = '86000000400007080000000000000000cafe';
  assert.equal(await spoof(ipv6Frame(redMac, own, router), 'red2', router), false, 'RA');
});

test('nor to the host as if it were the host’s own loopback', async () => {
  const heard: string[] = [];
  const own = createSocket('udp4', (message) => heard.push(message.toString()));
  own.bind(12345);
  await once(own, 'listening');
  for (const source of ['127.0.0.2', '127.9.9.9', '10.214.17.2'])
    await spoof(ipv4Frame(redMac, source, `as ${source}`), 'red2', hex('as 10.'));
  for (let waitedMs = 0; waitedMs < 10_000 && !heard.includes('as 10.214.17.2'); waitedMs += 20)
    await sleep(20);
  own.close();
  assert.deepEqual([...new Set(heard)], ['as 10.214.17.2']);
});

test('a container cannot reach what listens on the host’s loopback, even with a route to it', async () => {
  const engine = createServer((socket) => socket.end('engine'));
  await new Promise<void>((resolve) => engine.listen(20923, '127.0.0.1', resolve));
  assert.equal(await fixture.ask('red1', '10.214.17.1', 20923), 'ECONNREFUSED');
  await inNetns(fixture.netns('red1'), async () => {
    writeSysctl('net.ipv4.conf.all.route_localnet', 1);
    return ip(['link', 'set', 'lo', 'down']);
  });
  await inNetns(fixture.netns('red1'), () =>
    ip(['route', 'add', '127.0.0.1', 'via', '10.214.17.1', 'src', '10.214.17.2']),
  );
  assert.match(await fixture.ask('red1', '127.0.0.1', 20923), /^(timeout|E\w+)$/);
  await new Promise((resolve) => engine.close(resolve));
});

test('what guards a container goes with it, and what its neighbours share stays', async () => {
  const table = async () =>
    (await runOk('nft', ['list', 'table', 'bridge', fixture.table])).stdout.toString();
  assert.match(await table(), /10\.214\.17\.4/);
  await fixture.detach('red3');
  assert.doesNotMatch(await table(), /10\.214\.17\.4/);
  assert.match(await table(), /10\.214\.17\.3/);
});
