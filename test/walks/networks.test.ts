// Networks as their users meet them, on both families, by our command line and by the stock client; the engine is on a
// host of its own, since it makes that host forward.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { after, test } from 'node:test';
import { ensureLoopbackUp } from '#kernel/netns.ts';
import { CLONE, unshare } from '#kernel/syscalls.ts';
import { type Client, eventually, freePort, noDocker, startEngine } from './engine-under-test.ts';

const engine = await startEngine();
after(() => engine[Symbol.asyncDispose]());
for (const each of ['busybox', 'python:3.11-slim']) {
  const pulled = await engine.wharf(['pull', each]);
  assert.equal(pulled.code, 0, pulled.stderr);
}
await engine.stop();
unshare(CLONE.NEWNET);
ensureLoopbackUp();
await engine.start();

/** The page at the place; undefined while nobody answers. */
function page(address: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    let text = '';
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('data', (data) => {
      text += data;
    });
    socket.on('close', () => resolve(/\r\n\r\n(.+)/s.exec(text)?.[1]?.trim()));
    socket.write('GET /page HTTP/1.0\r\n\r\n');
  });
}

function ok(client: Client) {
  return async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await client(args);
    assert.equal(code, 0, `${args.join(' ')}\n${stdout}${stderr}`);
    return stdout.trim();
  };
}

const image = 'python:3.11-slim';
const serve = (text: string): string[] => [
  image,
  'sh',
  '-c',
  `mkdir /w; echo ${text} > /w/page; exec python3 -m http.server 80 --bind :: --directory /w`,
];
/** A program that prints the page: with a resolver like most programs have. */
const ask = (url: string): string[] => [
  'python3',
  '-c',
  `import urllib.request; print(urllib.request.urlopen("${url}", timeout=5).read().decode())`,
];

async function walk(client: Client): Promise<void> {
  const run = ok(client);
  const port = await freePort();
  await run(
    'network',
    'create',
    '--ipv6',
    '--subnet',
    '10.214.32.0/24',
    '--subnet',
    'fd00:214:32::/64',
    'town',
  );
  const place = ['--network', 'town', '--ip', '10.214.32.10', '--ip6', 'fd00:214:32::10'];
  await run(
    'run',
    '-d',
    '--name',
    'web',
    ...place,
    '--network-alias',
    'site',
    '-p',
    `${port}:80`,
    ...serve('hello'),
  );
  for (const address of ['127.0.0.1', '::1', '10.214.32.1', 'fd00:214:32::1']) {
    assert.equal(await eventually(`a page at ${address}`, () => page(address, port)), 'hello', address);
  }
  for (const name of ['web', 'site', '10.214.32.10', '[fd00:214:32::10]'])
    assert.equal(
      await run('run', '--rm', '--network', 'town', image, ...ask(`http://${name}/page`)),
      'hello',
      name,
    );
  const inspected = JSON.parse(await run('network', 'inspect', 'town'));
  assert.deepEqual(
    Object.values(inspected[0].Containers as Record<string, { Name: string; IPv6Address: string }>).map(
      ({ Name, IPv6Address }) => [Name, IPv6Address],
    ),
    [['web', 'fd00:214:32::10/64']],
  );
  assert.match(
    await run('port', 'web'),
    new RegExp(`80/tcp -> 0\\.0\\.0\\.0:${port}\\n80/tcp -> \\[::\\]:${port}`),
  );

  await run('network', 'create', 'village');
  await run('run', '-d', '--name', 'farm', '--network', 'village', ...serve('milk'));
  const farm = await run('inspect', '-f', '{{.NetworkSettings.Networks.village.IPAddress}}', 'farm');
  const far = await client(['exec', 'web', ...ask(`http://${farm}/page`)]);
  assert.notEqual(far.code, 0, 'another network');
  await run('network', 'connect', '--alias', 'store', 'village', 'web');
  assert.equal(await run('exec', 'web', ...ask('http://farm/page')), 'milk');
  assert.equal(await run('run', '--rm', '--network', 'village', image, ...ask('http://store/page')), 'hello');
  await run('network', 'disconnect', 'town', 'web');
  assert.equal(await eventually('the port by the other network', () => page('127.0.0.1', port)), 'hello');
  const own = await run('inspect', '-f', '{{.NetworkSettings.Networks.village.IPAddress}}', 'web');
  const hosts = await run('exec', 'web', 'cat', '/etc/hosts');
  assert.match(hosts, new RegExp(`^${own}\\s`, 'm'), 'its own name is its address there');
  assert.doesNotMatch(hosts, /10\.214\.32\.10/);
  await run('network', 'disconnect', 'village', 'web');
  assert.equal(await run('port', 'web'), '', 'no network, no port');
  assert.equal(await page('127.0.0.1', port), undefined);
  await run('network', 'connect', 'village', 'web');
  assert.equal(await eventually('the port that was asked for', () => page('127.0.0.1', port)), 'hello');
  assert.match(await run('port', 'web'), new RegExp(`80/tcp -> 0\\.0\\.0\\.0:${port}`));
  const used = await client(['network', 'rm', 'village']);
  assert.notEqual(used.code, 0);
  assert.match(used.stderr, /active endpoints.*farm/s);
  await run('rm', '-f', 'web', 'farm');
  await run('network', 'rm', 'town', 'village');
  assert.equal(await page('127.0.0.1', port), undefined);
}

test('a dual-stack network, by our command line', () => walk(engine.wharf));
test('a dual-stack network, by the stock client', { skip: noDocker ?? false }, async () => {
  if (engine.docker !== undefined) await walk(engine.docker);
});

/** Networks of one family only, and one whose containers have nobody but each other. */
async function walkFamilies(client: Client): Promise<void> {
  const run = ok(client);
  const mode = (family: number) => `com.docker.network.bridge.gateway_mode_ipv${family}=isolated`;
  await run('network', 'create', '--ipv4=false', '--ipv6', '--subnet', 'fd00:214:33::/64', 'six');
  await run('network', 'create', '--subnet', '10.214.34.0/24', '--subnet', 'fd00:214:34::/64', 'four');
  const open = await client(['network', 'create', '-o', mode(4), 'alone']);
  assert.match(open.stderr, /gateway mode 'isolated' can only be used for an internal network/);
  const both = ['-o', mode(4), '-o', mode(6)];
  await run('network', 'create', '--internal', '--ipv6', ...both, 'alone');
  const families = '{{.Name}} {{.IPv4}} {{.IPv6}}';
  const listed = await run('network', 'ls', '--format', families, '--filter', 'type=custom');
  assert.deepEqual(listed.split('\n').sort(), ['alone true true', 'four true false', 'six false true']);

  const addresses =
    '{{range .NetworkSettings.Networks}}{{.IPAddress}}|{{.GlobalIPv6Address}}|{{.Gateway}}{{end}}';
  const expected: [string, RegExp][] = [
    ['six', /^\|fd00:214:33::2\|$/],
    ['four', /^10\.214\.34\.2\|\|10\.214\.34\.1$/],
    ['alone', /^[\d.]+\|fd[0-9a-f:]+\|$/],
  ];
  for (const [network, address] of expected) {
    await run(
      'run',
      '-d',
      '--name',
      'web',
      '--network',
      network,
      '--network-alias',
      'site',
      ...serve(network),
    );
    assert.match(await run('inspect', '-f', addresses, 'web'), address, network);
    await run('run', '-d', '--name', 'asking', '--network', network, image, 'sleep', '600');
    for (const name of ['web', 'site']) {
      const asked = () => client(['exec', 'asking', ...ask(`http://${name}/page`)]);
      const answer = async () => ((await asked()).code === 0 ? (await asked()).stdout.trim() : undefined);
      assert.equal(await eventually(`${name} on ${network}`, answer), network);
    }
    await run('rm', '-f', 'web', 'asking');
    await run('network', 'rm', network);
  }
}

test('networks of one family, and without the host, by our command line', () => walkFamilies(engine.wharf));
test('networks of one family, and without the host, by the stock client', {
  skip: noDocker ?? false,
}, async () => {
  if (engine.docker !== undefined) await walkFamilies(engine.docker);
});

test('on a macvlan network containers find each other by name, also while the engine is down', async () => {
  const run = ok(engine.wharf);
  execFileSync('ip', ['link', 'add', 'lan0', 'type', 'veth', 'peer', 'name', 'lan1']);
  for (const name of ['lan0', 'lan1']) execFileSync('ip', ['link', 'set', name, 'up']);
  await run('network', 'create', '-d', 'macvlan', '-o', 'parent=lan0', '--subnet', '10.214.34.0/24', 'lan');
  await run(
    'run',
    '-d',
    '--name',
    'shelf',
    '--network',
    'lan',
    '--network-alias',
    'store',
    ...serve('books'),
  );
  await run('run', '-d', '--name', 'reader', '--network', 'lan', '--dns', '127.0.0.1', image, 'sleep', '600');
  const reads = async (name: string): Promise<boolean> =>
    (await engine.wharf(['exec', 'reader', ...ask(`http://${name}/page`)])).stdout.trim() === 'books';
  for (const name of ['shelf', 'store'])
    await eventually(name, async () => ((await reads(name)) ? true : undefined));
  assert.match(await run('exec', 'shelf', 'getent', 'hosts', 'reader'), /^10\.214\.34\.3\s+reader/);
  await run('exec', 'reader', 'sh', '-c', 'echo 192.0.2.9 mine >> /etc/hosts');
  const pid = await run('inspect', '-f', '{{.State.Pid}}', 'reader');
  await engine.killHard();
  const known = execFileSync('nsenter', ['-t', pid, '-a', 'getent', 'hosts', 'store', 'mine']);
  assert.match(known.toString(), /^10\.214\.34\.2 .*store.*192\.0\.2\.9 +mine/s);
  await engine.start();
  await run('rename', 'shelf', 'rack');
  assert.equal(await reads('rack'), true);
  assert.equal(await reads('shelf'), false, 'its name is another now');
  await run('network', 'disconnect', 'lan', 'rack');
  assert.equal(await reads('rack'), false);
  await run('network', 'connect', '--alias', 'desk', 'lan', 'rack');
  assert.equal(await reads('desk'), true);
  await run('rm', '-f', 'rack');
  assert.match(await run('exec', 'reader', 'cat', '/etc/hosts'), /192\.0\.2\.9 mine$/, 'nobody is there');
  await run('rm', '-f', 'reader');
  await run('network', 'rm', 'lan');
  execFileSync('ip', ['link', 'del', 'lan0']);
});

test('who has a port, what hangs on which network, and whether all is well', async () => {
  const run = ok(engine.wharf);
  const port = String(await freePort());
  await run('network', 'create', '--internal', '--subnet', '10.214.33.0/24', 'back');
  await run('run', '-d', '--name', 'shop', '-p', `127.0.0.1:${port}:80`, ...serve('x'));
  await run('network', 'connect', 'back', 'shop');
  await run('create', '--name', 'later', '-p', `${port}:80`, 'busybox');
  const why = await run('why', 'port', port);
  assert.match(
    why,
    new RegExp(`^127\\.0\\.0\\.1:${port}/tcp: container shop \\(\\w{12}\\), leads to [\\d.]+:80$`, 'm'),
  );
  assert.match(why, /container later asks for it, but does not run/);
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const taken = typeof address === 'object' && address !== null ? String(address.port) : '';
  assert.match(await run('why', 'port', taken), new RegExp(`process ${process.pid} \\(`));
  const refused = await engine.wharf(['run', '-d', '--name', 'refused', '-p', `${taken}:80`, 'busybox']);
  assert.match(refused.stderr, new RegExp(`${process.pid}`));
  await new Promise((resolve) => server.close(resolve));
  await run('rm', 'refused');
  assert.match(await run('why', 'port', taken), /^Nobody has port/);

  const lodger = ['run', '-d', '--name', 'lodger', '--network', 'container:shop', 'busybox', 'sleep', '600'];
  await run(...lodger);
  const map = await run('network', 'map', 'bridge', 'back');
  assert.match(
    map,
    /^back \(bridge, 10\.214\.33\.0\/24, internal\)\n └─ shop {2}10\.214\.33\.2 {2}\(and lodger\)$/m,
  );
  assert.match(map, new RegExp(`127\\.0\\.0\\.1:${port}->80/tcp`));
  const json = JSON.parse(await run('network', 'map', '--format', 'json', 'back'));
  assert.deepEqual(json[0].containers[0].addresses, ['10.214.33.2']);
  assert.deepEqual(json[0].containers[0].sharedBy, ['lodger']);
  await run('rm', '-f', 'lodger');

  assert.equal(await run('system', 'check'), 'All is as it should be.');
  const { Options } = JSON.parse(await run('network', 'inspect', 'bridge'))[0];
  execFileSync('ip', ['link', 'del', Options['com.docker.network.bridge.name']]);
  const check = await engine.wharf(['system', 'check']);
  assert.equal(check.code, 1);
  assert.match(check.stdout, /network bridge: its device \w+ is gone/);
  assert.equal(await run('run', '--rm', 'busybox', 'echo', 'repaired'), 'repaired');
  assert.equal(await run('system', 'check'), 'All is as it should be.');
  await run('rm', '-f', 'shop', 'later');
  await run('network', 'rm', 'back');
});
