// IPv6 on the default network, and its gateways, as a daemon is told: seen by the stock client, in containers, and from outside.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readSysctl, writeSysctl } from '#kernel/sysctl.ts';
import { TestDaemon, whyNot } from './api-fixture.ts';
import { enterOwnHost, host, type OwnHost, world } from './networks-own-host.ts';

const skip = whyNot() ?? false;
if (skip !== false) console.log(`skipped: ${skip}`);

describe('a default network of both families', { skip }, () => {
  let place: OwnHost;
  let daemon: TestDaemon;
  before(async () => {
    place = await enterOwnHost();
    daemon = new TestDaemon();
    await daemon.start();
    await daemon.importBase();
    await daemon.stop();
  });
  afterEach(() => daemon.stop());
  after(async () => {
    await daemon?.start();
    await daemon?.[Symbol.asyncDispose]();
    place?.close();
  });

  const run = (name: string, ...more: string[]): Promise<string> =>
    daemon.ok('run', '-d', '--name', name, ...more, 'base:1', 'sleep', '600');
  const end = (...names: string[]): Promise<string> => daemon.ok('rm', '-f', ...names);
  const addressOf = (name: string, field = 'GlobalIPv6Address'): Promise<string> =>
    daemon.ok('inspect', '-f', `{{range .NetworkSettings.Networks}}{{.${field}}}{{end}}`, name);
  const reaches = async (name: string, address: string): Promise<boolean> =>
    (await daemon.docker(['exec', name, 'ping', '-c', '1', '-W', '2', address])).code === 0;
  const bridge = async (): Promise<{ EnableIPv6: boolean; IPAM: { Config: object[] } }> =>
    JSON.parse(await daemon.ok('network', 'inspect', '-f', '{{json .}}', 'bridge'));
  const serve = async (name: string, text: string): Promise<void> => {
    await daemon.ok('exec', name, 'sh', '-c', `busybox mkdir -p /w && echo ${text} > /w/index.html`);
    await daemon.ok('exec', '-d', name, 'busybox', 'httpd', '-p', '[::]:80', '-h', '/w');
    const up = () => daemon.docker(['exec', name, 'wget', '-qO-', 'http://[::1]/']);
    for (let attempt = 0; attempt < 100 && (await up()).code !== 0; attempt++) await sleep(50);
  };
  const page = async (name: string, url: string): Promise<string> =>
    (await daemon.docker(['exec', name, 'busybox', 'timeout', '3', 'wget', '-qO-', url])).stdout.trim();

  test('told where: neighbours, the world, published ports, and another router', async () => {
    await daemon.start([
      ...['--bip', '10.214.90.1/24', '--ipv6', '--bip6', 'fd00:214:90::1/64'],
      ...['--fixed-cidr-v6', 'fd00:214:90::8000/113'],
    ]);
    const { EnableIPv6, IPAM } = await bridge();
    assert.equal(EnableIPv6, true);
    assert.deepEqual(IPAM.Config, [
      { Subnet: '10.214.90.0/24', Gateway: '10.214.90.1' },
      { Subnet: 'fd00:214:90::/64', IPRange: 'fd00:214:90::8000/113', Gateway: 'fd00:214:90::1' },
    ]);
    await run('one', '-p', '20981:80', '--add-host', 'outside:host-gateway');
    await run('two');
    const [one, two] = [await addressOf('one'), await addressOf('two')];
    assert.match(one, /^fd00:214:90::8[0-9a-f]{3}$/);
    assert.equal(await addressOf('one', 'IPv6Gateway'), 'fd00:214:90::1');
    for (const address of [one, 'fd00:214:90::1', world.ipv6])
      assert.equal(await reaches('two', address), true, address);
    assert.equal(await reaches('one', two), true);
    await serve('one', 'one');
    assert.equal(await page('two', `http://[${one}]/`), 'one');
    assert.equal(await page('two', `http://[${host.ipv6}]:20981/`), 'one', 'its published port');
    assert.match(await daemon.ok('port', 'one'), /^80\/tcp -> 0\.0\.0\.0:20981\n80\/tcp -> \[::\]:20981$/);
    const hosts = await daemon.ok('exec', 'one', 'cat', '/etc/hosts');
    assert.match(hosts, /^10\.214\.90\.1\toutside$/m);
    assert.match(hosts, /^fd00:214:90::1\toutside$/m);
    await end('one', 'two');
    await daemon.stop();

    const gateways = ['--default-gateway', '10.214.90.9', '--default-gateway-v6', 'fd00:214:90::9'];
    const named = ['--host-gateway-ip', host.ipv4];
    const subnets = ['--bip', '10.214.90.1/24', '--ipv6', '--bip6', 'fd00:214:90::1/64'];
    await daemon.start([...subnets, ...gateways, ...named]);
    await run('three', '--add-host', 'outside:host-gateway');
    assert.equal(await addressOf('three', 'Gateway'), '10.214.90.9');
    const routes = await daemon.ok(
      'exec',
      'three',
      'sh',
      '-c',
      'busybox ip route; busybox ip -6 route; cat /etc/hosts',
    );
    assert.match(routes, /default via 10\.214\.90\.9 dev eth0/);
    assert.match(routes, /default via fd00:214:90::9 dev eth0/);
    assert.match(routes, new RegExp(`^${host.ipv4}\toutside$`, 'm'));
    await end('three');
  });

  test('told to have it, and no more: a subnet of its own, which it keeps; who ran before goes on without', async () => {
    await daemon.start(['--bip', '10.214.90.1/24']);
    assert.equal((await bridge()).EnableIPv6, false);
    await run('before');
    assert.equal(await addressOf('before'), '');
    await daemon.stop();
    const file = join(daemon.dir, 'daemon.json');
    const told = { bip: '10.214.90.1/24', ipv6: true, iptables: true, ip6tables: true, 'ip-forward': true };
    writeFileSync(file, JSON.stringify(told));
    await daemon.start(['--config-file', file]);
    const before = await bridge();
    assert.match(JSON.stringify(before.IPAM.Config), /"Subnet":"fd[0-9a-f:]+::\/64"/);
    await run('later');
    assert.equal(await reaches('later', await addressOf('before', 'IPAddress')), true);
    assert.equal(await reaches('before', await addressOf('later', 'IPAddress')), true);
    assert.equal(await reaches('later', world.ipv6), true);
    await daemon.ok('restart', '-t', '0', 'before');
    assert.equal(await reaches('later', await addressOf('before')), true, 'from its next start on');
    await daemon.stop();
    await daemon.start(['--config-file', file]);
    assert.deepEqual((await bridge()).IPAM.Config, before.IPAM.Config, 'the same after a restart');
    assert.equal(await reaches('before', await addressOf('later')), true);
    await end('before', 'later');
    await daemon.stop();
    await daemon.start(['--bip', '10.214.90.1/24']);
    assert.equal((await bridge()).EnableIPv6, false, 'off again');
    await run('four');
    assert.equal(await addressOf('four'), '');
    await end('four');
  });

  test('without icc a link opens the exposed ports of both families', async () => {
    await daemon.start(['--bip', '10.214.90.1/24', '--ipv6', '--icc=false']);
    await run('db', '--expose', '80');
    await run('web', '--link', 'db:store');
    await run('other');
    await serve('db', 'db');
    assert.equal(await page('web', 'http://store/'), 'db', 'by name');
    for (const address of [await addressOf('db', 'IPAddress'), `[${await addressOf('db')}]`]) {
      assert.equal(await page('web', `http://${address}/`), 'db', address);
      assert.equal(await page('other', `http://${address}/`), '', address);
    }
    assert.equal(await reaches('web', await addressOf('db')), false, 'nothing else');
    await end('web');
    await run('web');
    assert.equal(await page('web', `http://${await addressOf('db', 'IPAddress')}/`), '', 'without the link');
    await end('db', 'web', 'other');
  });

  test('containers that icc kept apart are together again once it is told otherwise', async () => {
    for (const key of ['iptables', 'ip6tables'].map((each) => `net.bridge.bridge-nf-call-${each}`))
      if (readSysctl(key) !== undefined) writeSysctl(key, 0);
    await daemon.start(['--bip', '10.214.90.1/24', '--icc=false']);
    await run('here');
    await run('there');
    const address = await addressOf('there', 'IPAddress');
    assert.equal(await reaches('here', address), false);
    await daemon.stop();
    await daemon.start(['--bip', '10.214.90.1/24']);
    // For a second or so the kernel still knows that nobody answered at the address.
    let isReached = false;
    for (let attempt = 0; attempt < 10 && !isReached; attempt++) isReached = await reaches('here', address);
    assert.equal(isReached, true);
    await end('here', 'there');
  });

  test('--ip-forward=false leaves the host as it is', async () => {
    writeSysctl('net.ipv4.ip_forward', 0);
    writeSysctl('net.ipv6.conf.all.forwarding', 0);
    await daemon.start(['--bip', '10.214.90.1/24', '--ipv6', '--ip-forward=false']);
    await run('lone');
    assert.deepEqual(
      [readSysctl('net.ipv4.ip_forward'), readSysctl('net.ipv6.conf.all.forwarding')],
      ['0', '0'],
    );
    await end('lone');
  });

  test('what cannot be, and what means nothing, is refused in words', async () => {
    const wrongFlags: [string[], RegExp][] = [
      [['--ipv6', '--fixed-cidr-v6', 'nonsense'], /invalid fixed-cidr-v6: invalid CIDR address: nonsense/],
      [
        ['--fixed-cidr-v6', '10.0.0.0/24'],
        /invalid fixed-cidr-v6: '10\.0\.0\.0\/24' is not a valid IPv6 subnet/,
      ],
      [
        ['--ipv6', '--fixed-cidr-v6', 'fe80::/80'],
        /'fe80::\/80' clashes with the Link-Local prefix 'fe80::\/64'/,
      ],
      [['--ipv6', '--bip6', 'nonsense'], /invalid CIDR address: nonsense/],
      [['--ipv6', '--bip6', '10.9.0.1/24'], /'10\.9\.0\.1\/24' is not a valid IPv6 subnet/],
      [
        ['--ipv6', '--bip6', 'fd00:78::1/64', '--fixed-cidr-v6', 'fd00:79::/80'],
        /invalid ip-range fd00:79::\/80: it is not in the subnet fd00:78::\/64/,
      ],
      [['--default-gateway', 'ten'], /invalid IP address: ten/],
      [
        ['--bip', '10.214.90.1/24', '--default-gateway', '10.8.0.7'],
        /auxiliary address: \(DefaultGatewayIPv4:10\.8\.0\.7\) must belong to the master pool: 10\.214\.90\.0\/24/,
      ],
      [['--host-gateway-ip', 'there'], /invalid IP address: there/],
    ];
    for (const [flags, message] of wrongFlags)
      await assert.rejects(daemon.start(flags), message, String(message));
    const file = join(daemon.dir, 'daemon.json');
    const wrongFiles: [object, RegExp][] = [
      [{ iptables: false }, /"iptables" false is not supported/],
      [{ ip6tables: false }, /"ip6tables" false is not supported/],
      [{ 'firewall-backend': 'iptables' }, /"firewall-backend" iptables is not supported/],
    ];
    for (const [content, message] of wrongFiles) {
      writeFileSync(file, JSON.stringify(content));
      await assert.rejects(daemon.start(['--config-file', file]), message, String(message));
    }
  });
});
