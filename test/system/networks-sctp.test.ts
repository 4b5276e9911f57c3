// Ports of SCTP that are published: data to and from a container, on both families; refused in words where the kernel has none.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { after, test } from 'node:test';
import { inNetns } from '#kernel/netns.ts';
import { hasSctp } from '#kernel/sockets.ts';
import { run, startProgram } from '#kernel/spawn.ts';
import { NetworksFixture } from './networks-fixture.ts';
import { enterOwnHost, host } from './networks-own-host.ts';

const place = await enterOwnHost();
const fixture = new NetworksFixture('10.214.60.1/24');
const { networks } = fixture;
const servers: ChildProcess[] = [];
after(async () => {
  for (const server of servers) {
    const closed = new Promise((resolve) => server.once('close', resolve));
    server.kill('SIGKILL');
    await closed;
  }
  await fixture.close();
  place.close();
});
await networks.ready;

const none = hasSctp() ? false : 'the kernel has no SCTP (npm run test:vm has one with it)';
const published = { portBindings: { '80/sctp': [{ HostPort: '20943' }] } };

// Node has no SCTP. Answers with what came and who sent it, many times the size of a packet.
const serve = `
import socket
server = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 132)
server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
server.bind(('::', 80))
server.listen()
print('up', flush=True)
while True:
    client, (address, *_) = server.accept()
    said = client.recv(1000)
    client.sendall(said + b' from ' + address.encode() + b' ' + b'x' * 20000)
    client.close()
`;
const asking = `
import socket, sys
client = socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET, socket.SOCK_STREAM, 132)
client.settimeout(10)
try:
    client.connect((sys.argv[1], int(sys.argv[2])))
    client.sendall(b'hello')
    heard = b''
    while len(heard) < 20000:
        piece = client.recv(65536)
        if not piece: break
        heard += piece
    print(heard.replace(b'x', b'').decode(), len(heard) > 20000)
except OSError as thrown:
    print(type(thrown).__name__)
`;

const binding = `
import socket, sys
one = socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET, socket.SOCK_STREAM, 132)
try:
    one.bind((sys.argv[1], int(sys.argv[2])))
    if len(sys.argv) > 3: one.listen()
    print('had', flush=True)
    if len(sys.argv) > 3: sys.stdin.read()
except OSError as thrown:
    print('OSError', thrown.errno)
`;

/** Whether a program of the host can have the port. */
async function bindOnHost(address: string): Promise<string> {
  const { stdout } = await run('python3', ['-c', binding, address, '20943']);
  return stdout.toString().trim();
}

async function startServer(name: string): Promise<void> {
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const child = inNetns(fixture.netns(name), () =>
    startProgram('python3', ['-c', serve], { stdio: [...stdio] }),
  );
  servers.push(child);
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('close', () => reject(new Error('the server ended')));
  });
}

/** From the namespace, or from the host without one. */
async function ask(address: string, port: number, netns?: string): Promise<string> {
  const work = () => run('python3', ['-c', asking, address, String(port)], { timeoutMs: 30_000 });
  const { stdout } = await (netns === undefined ? work() : inNetns(netns, work));
  return stdout.toString().trim();
}

test('data go to a container and come back, by every address of the host', { skip: none }, async () => {
  await networks.create({
    Name: 'dual',
    EnableIPv6: true,
    IPAM: { Config: [{ Subnet: '10.214.61.0/24' }, { Subnet: 'fd00:214:61::/64' }] },
  });
  const { ports } = await fixture.attach('web', { networkMode: 'dual', ...published });
  assert.deepEqual(ports['80/sctp'], [
    { HostIp: '0.0.0.0', HostPort: '20943' },
    { HostIp: '::', HostPort: '20943' },
  ]);
  await startServer('web');
  await fixture.attach('peer', { networkMode: 'dual' });
  await fixture.attach('stranger');
  const asked: [string, string | undefined, RegExp][] = [
    [host.ipv4, undefined, /^hello from ::ffff:\S+ +True$/],
    ['127.0.0.1', undefined, /^hello from ::ffff:10\.214\.61\.1 +True$/],
    [host.ipv6, undefined, /^hello from \S+ +True$/],
    ['::1', undefined, /^hello from fd00:214:61::1 +True$/],
    [host.ipv4, place.worldNetns, /^hello from ::ffff:192\.0\.2\.2 +True$/],
    [host.ipv6, place.worldNetns, /^hello from 2001:db8:9::2 +True$/],
    ['10.214.61.1', fixture.netns('peer'), /^hello from \S+ +True$/],
    ['10.214.60.1', fixture.netns('stranger'), /^hello from \S+ +True$/],
  ];
  for (const [address, netns, wanted] of asked)
    assert.match(await ask(address, 20943, netns), wanted, `${address} from ${netns ?? 'the host'}`);
  assert.match(
    await ask('10.214.61.2', 80, fixture.netns('peer')),
    /^hello from ::ffff:10\.214\.61\.3 +True$/,
  );
  await assert.rejects(fixture.attach('second', published), {
    kind: 'conflict',
    hint: /Container web has it/,
  });
  assert.equal(await bindOnHost('0.0.0.0'), 'OSError 98', 'no program of the host takes it');
  assert.equal(await bindOnHost('::'), 'OSError 98');
  for (const name of ['web', 'peer', 'stranger']) await fixture.detach(name);
  assert.equal(await bindOnHost('::'), 'had');
  assert.equal(await ask(host.ipv4, 20943), 'ConnectionRefusedError');
  await networks.remove('dual');
});

test('without IPv6 of its own a container is published on IPv4, and not on an address of IPv6', {
  skip: none,
}, async () => {
  const { ports } = await fixture.attach('four', published);
  assert.deepEqual(ports['80/sctp'], [{ HostIp: '0.0.0.0', HostPort: '20943' }]);
  await startServer('four');
  assert.match(await ask(host.ipv4, 20943, place.worldNetns), /^hello from ::ffff:192\.0\.2\.2 +True$/);
  await fixture.detach('four');
  const six = { portBindings: { '80/sctp': [{ HostIp: '::', HostPort: '20943' }] } };
  await assert.rejects(fixture.attach('six', six), {
    kind: 'unsupported',
    hint: /only tcp and udp can be carried over/,
  });
});

test('a port that a program of the host has is refused with its name', { skip: none }, async () => {
  const program = startProgram('python3', ['-c', binding, '0.0.0.0', '20943', 'stay'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  servers.push(program);
  await new Promise((resolve) => program.stdout?.once('data', resolve));
  await assert.rejects(fixture.attach('late', published), {
    kind: 'conflict',
    message: 'Bind for 0.0.0.0:20943 failed: port is already allocated',
    hint: `Process ${program.pid} (python3) has it; choose another host port.`,
  });
});

test('a kernel without it refuses in words', { skip: none === false && 'it has SCTP' }, async () => {
  await assert.rejects(fixture.attach('sctp', published), {
    kind: 'unsupported',
    message: /the kernel has no SCTP/,
    hint: /modprobe/,
  });
});
