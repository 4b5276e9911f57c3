// From the flags of `run` to the create request.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseLine } from '#cli/grammar/flags.ts';
import { createFlags } from './create-flags.ts';
import { createRequestOf } from './create-request.ts';
import { exitCodeFor } from './run.ts';

function request(line: string, env: Record<string, string> = {}) {
  const words = line.split(' ').filter(Boolean);
  const { flags, given, rest } = parseLine(createFlags, words, { stopAtArgument: true, name: 'wharf run' });
  const [image = '', ...command] = rest;
  return createRequestOf({ flags, given, image, command, env });
}

test('ports, volumes and environment', () => {
  const made = request(
    '-p 5001:5000 -p 53:53/udp -v /data -v ./src:/app:ro -v cache:/c -e A=1 -e HOME -e NOPE python:3 python app.py -v',
    { HOME: '/root' },
  );
  assert.deepEqual(made.HostConfig?.PortBindings, {
    '5000/tcp': [{ HostIp: '', HostPort: '5001' }],
    '53/udp': [{ HostIp: '', HostPort: '53' }],
  });
  assert.deepEqual(made.ExposedPorts, { '5000/tcp': {}, '53/udp': {} });
  assert.deepEqual(made.HostConfig?.Binds, [`${process.cwd()}/src:/app:ro`, 'cache:/c']);
  assert.deepEqual(made.Volumes, { '/data': {} });
  assert.deepEqual(made.Env, ['A=1', 'HOME=/root', 'NOPE']);
  assert.deepEqual([made.Image, made.Cmd], ['python:3', ['python', 'app.py', '-v']]);
});

test('limits, networks and policies', () => {
  const made = request(
    '--cpus 1.5 -m 512m --memory-swap -1 --ulimit nofile=10:20 --network back --network-alias db --ip 10.0.0.9 --restart on-failure:3 --init=false --entrypoint= x',
  );
  const host = made.HostConfig;
  assert.deepEqual([host?.NanoCpus, host?.Memory, host?.MemorySwap], [1.5e9, 512 * 2 ** 20, -1]);
  assert.deepEqual(host?.Ulimits, [{ Name: 'nofile', Soft: 10, Hard: 20 }]);
  assert.equal(host?.NetworkMode, 'back');
  assert.deepEqual(made.NetworkingConfig, {
    EndpointsConfig: { back: { Aliases: ['db'], IPAMConfig: { IPv4Address: '10.0.0.9' } } },
  });
  assert.deepEqual(host?.RestartPolicy, { Name: 'on-failure', MaximumRetryCount: 3 });
  assert.equal(host?.Init, false);
  assert.deepEqual(made.Entrypoint, ['']);
  assert.equal(request('x').HostConfig?.Init, undefined);
  assert.equal(request('x').NetworkingConfig, null);
});

test('a network with wishes of its own', () => {
  const sysctls = 'net.ipv4.conf.IFNAME.log_martians=1,net.ipv4.conf.IFNAME.forwarding=0';
  const made = request(
    `--network name=a,link-local-ip=169.254.9.9,link-local-ip=fe80::9,gw-priority=-2,"driver-opt=x.sysctls=${sysctls}" --mac-address 02:00:00:00:00:01 i`,
  );
  assert.deepEqual(made.NetworkingConfig?.EndpointsConfig?.['a'], {
    IPAMConfig: { LinkLocalIPs: ['169.254.9.9', 'fe80::9'] },
    GwPriority: -2,
    DriverOpts: { 'x.sysctls': sysctls },
    MacAddress: '02:00:00:00:00:01',
  });
  assert.equal(made.MacAddress, undefined, 'told once');
  assert.equal(request('--network host --mac-address 02:00:00:00:00:01 i').MacAddress, '02:00:00:00:00:01');
});

test('bad texts are refused before the engine hears of them', () => {
  const cases: [string, RegExp][] = [
    ['-p x:80 i', /invalid hostPort: x/],
    ['-v a/b:/c i', /includes invalid characters/],
    ['-m lots i', /invalid size: 'lots'/],
    ['--cpus two i', /failed to parse two/],
    ['--restart maybe i', /invalid restart policy: maybe/],
    ['--rm --restart always i', /cannot specify both --restart and --rm/],
    ['--stop-signal FOO i', /invalid signal: FOO/],
    ['--ulimit nofile i', /invalid ulimit argument/],
    ['--add-host nowhere i', /bad format for add-host/],
    ['--env-file /nowhere i', /open \/nowhere: no such file/],
    ['--health-cmd true --no-healthcheck i', /conflicts with --health/],
    ['--network a --network a i', /specified multiple times/],
    ['--network name=a,gw-priority=x i', /invalid gw-priority \(x\): invalid syntax/],
    ['--network name=a,ip=10.0.0.8 --ip 10.0.0.9 i', /cannot specify both --ip and per-network IPv4 address/],
    ['--network name=a,ip6=fd00::8 --ip6 fd00::9 i', /both --ip6 and per-network IPv6 address/],
    ['--network name=a,alias=x --network-alias y i', /both --network-alias and per-network alias/],
    [
      '--network name=a,link-local-ip=169.254.1.1 --link-local-ip 169.254.1.2 i',
      /both --link-local-ip and per/,
    ],
    [
      '--network name=a,mac-address=02:00:00:00:00:01 --mac-address 02:00:00:00:00:02 i',
      /both --mac-address and/,
    ],
  ];
  for (const [line, message] of cases) assert.throws(() => request(line), message, line);
});

test('env files', () => {
  const dir = mkdtempSync(join(tmpdir(), 'wharf-cli-'));
  try {
    writeFileSync(join(dir, 'e'), '# c\nA=1\nUSER\n');
    assert.deepEqual(request(`--env-file ${dir}/e -e A=2 x`, { USER: 'u' }).Env, ['A=1', 'USER=u', 'A=2']);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('exit codes of a failed start', () => {
  assert.equal(exitCodeFor('… exec: "x": executable file not found in $PATH: unknown'), 127);
  assert.equal(exitCodeFor('… exec: "/etc/passwd": permission denied'), 126);
  assert.equal(exitCodeFor('Bind for 0.0.0.0:80 failed: port is already allocated'), 125);
});
