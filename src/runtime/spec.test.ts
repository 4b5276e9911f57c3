// The spec: Docker's defaults, what privileged and the options make of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilityNames, decodeCapabilityMask, resolveCapabilities } from './confine/capabilities.ts';
import { resolveSeccomp } from './confine/seccomp.ts';
import { type HostFacts, parseHardLimits } from './host-facts.ts';
import { parseDeviceRule, toResources, toRlimits } from './resources.ts';
import { parseSecurityOptions } from './security.ts';
import { buildSpec, type SpecInput } from './spec.ts';
import { runtimeWords, toStartError } from './start-error.ts';

const facts: HostFacts = {
  architecture: 'x64',
  kernelVersion: '6.1.0-13-amd64',
  capabilities: capabilityNames,
  hardLimits: { RLIMIT_NOFILE: 20000 },
  oomScoreAdjFloor: 0,
  apparmorProfile: undefined,
  cgroupV2: true,
  seccompProfile: () => ({
    defaultAction: 'SCMP_ACT_ERRNO',
    archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }],
    syscalls: [
      { names: ['read'], action: 'SCMP_ACT_ALLOW' },
      { names: ['mount'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN'] } },
      { names: ['mount'], action: 'SCMP_ACT_ERRNO', errnoRet: 1, excludes: { caps: ['CAP_SYS_ADMIN'] } },
      { names: ['arm_only'], action: 'SCMP_ACT_ALLOW', includes: { arches: ['arm64'] } },
      { names: ['ptrace'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '4.8' } },
      { names: ['future'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '6.2' } },
    ],
  }),
  devices: () => [{ type: 'c', path: '/dev/kvm', major: 10, minor: 232 }],
};
const input: SpecInput = { id: 'a', rootfs: '/r', args: ['true'], env: [], cgroupsPath: '/wharf/a' };

test('defaults are those of Docker', () => {
  const spec = buildSpec({ ...input, hostname: 'h' }, facts);
  assert.equal(spec.process.capabilities?.effective.length, 14);
  assert.deepEqual(
    spec.linux.namespaces.map(({ type }) => type),
    ['mount', 'network', 'pid', 'ipc', 'uts', 'cgroup'],
  );
  assert.ok(
    spec.linux.maskedPaths?.includes('/proc/kcore') && spec.linux.readonlyPaths?.includes('/proc/sys'),
  );
  assert.deepEqual(
    spec.mounts.map(({ destination }) => destination),
    [...['/proc', '/dev', '/dev/pts', '/sys', '/sys/fs/cgroup', '/dev/mqueue', '/dev/shm']],
  );
  const names = spec.linux.seccomp?.syscalls?.map((rule) => `${rule.names}:${rule.action}`);
  assert.deepEqual(names, ['read:SCMP_ACT_ALLOW', 'mount:SCMP_ACT_ERRNO', 'ptrace:SCMP_ACT_ALLOW']);
  assert.deepEqual(spec.linux.resources.devices?.[0], { allow: false, access: 'rwm' });
});

test('privileged has everything and hides nothing', () => {
  const spec = buildSpec({ ...input, privileged: true }, facts);
  assert.equal(spec.process.capabilities?.bounding.length, capabilityNames.length);
  assert.equal(spec.linux.seccomp, undefined);
  assert.deepEqual([spec.linux.maskedPaths, spec.linux.readonlyPaths], [[], []]);
  assert.equal(spec.linux.devices?.[0]?.path, '/dev/kvm');
  assert.ok(spec.mounts.find(({ destination }) => destination === '/sys')?.options?.includes('rw'));
});

test('a user other than root holds no capability', () => {
  const { process } = buildSpec({ ...input, user: { uid: 5, gid: 5 } }, facts);
  assert.deepEqual(process.capabilities?.effective, []);
  assert.equal(process.capabilities?.bounding.length, 14);
});

test('asked mounts replace default ones and come after their parents', () => {
  const mounts = ['/a/b/c', '/dev/shm', '/a'].map((destination) => ({ destination, type: 'tmpfs' }));
  const places = buildSpec({ ...input, mounts }, facts).mounts.map(({ destination }) => destination);
  assert.equal(places.filter((place) => place === '/dev/shm').length, 1);
  assert.ok(places.indexOf('/a') < places.indexOf('/a/b/c'));
});

test('namespaces of the host and of others', () => {
  const namespaces = { network: 'host', pid: { path: '/proc/7/ns/pid' }, uts: 'host' } as const;
  const spec = buildSpec({ ...input, hostname: 'h', namespaces }, facts);
  assert.equal(spec.hostname, undefined);
  assert.deepEqual(spec.linux.sysctl, {});
  assert.deepEqual(
    spec.linux.namespaces.filter(({ type }) => ['network', 'pid', 'uts'].includes(type)),
    [{ type: 'pid', path: '/proc/7/ns/pid' }],
  );
});

test('init comes first', () => {
  const spec = buildSpec({ ...input, init: '/usr/bin/tini-static' }, facts);
  assert.deepEqual(spec.process.args, ['/sbin/docker-init', '--', 'true']);
  assert.equal(spec.mounts.at(-1)?.source, '/usr/bin/tini-static');
});

test('capabilities: add, drop, all, unknown', () => {
  const has = (wish: object) => resolveCapabilities(wish, capabilityNames);
  assert.deepEqual(has({ drop: ['ALL'], add: ['net_admin'] }), ['CAP_NET_ADMIN']);
  assert.equal(has({ add: ['all'], drop: ['CAP_SYS_ADMIN'] }).length, capabilityNames.length - 1);
  assert.throws(() => has({ add: ['NOPE'] }), /invalid CapAdd: unknown capability: "NOPE"/);
  assert.deepEqual(decodeCapabilityMask('3'), ['CAP_CHOWN', 'CAP_DAC_OVERRIDE']);
});

test('seccomp follows capability and architecture', () => {
  const target = { architecture: 'arm64', kernelVersion: '6.2', capabilities: ['CAP_SYS_ADMIN'] };
  const names = resolveSeccomp(facts.seccompProfile(), target).syscalls?.map((rule) => rule.names[0]);
  assert.deepEqual(names, ['read', 'mount', 'arm_only', 'ptrace', 'future']);
});

test('security options', () => {
  const options = parseSecurityOptions([
    'no-new-privileges',
    'seccomp=unconfined',
    'label=disable',
    'systempaths=unconfined',
  ]);
  assert.deepEqual(options, {
    seccomp: 'unconfined',
    noNewPrivileges: true,
    apparmor: undefined,
    systemPathsUnconfined: true,
  });
  assert.equal(parseSecurityOptions(['no-new-privileges:false']).noNewPrivileges, false);
  assert.throws(() => parseSecurityOptions(['bad=1']), /invalid --security-opt/);
  assert.throws(() => parseSecurityOptions(['seccomp={"x":1}']), /seccomp profile/);
});

test('resources', () => {
  const resources = toResources({ Memory: 1000, NanoCpus: 1_500_000_000, PidsLimit: 0, CpuShares: 0 });
  assert.deepEqual(resources, {
    memory: { limit: 1000, swap: 2000 },
    cpu: { quota: 150_000, period: 100_000 },
  });
  assert.deepEqual(
    toRlimits(
      [
        { Name: 'nofile', Soft: 10, Hard: 1e6 },
        { Name: 'core', Soft: -1, Hard: -1 },
      ],
      facts.hardLimits,
    ),
    [
      { type: 'RLIMIT_NOFILE', soft: 10, hard: 20000 },
      { type: 'RLIMIT_CORE', soft: -1, hard: -1 },
    ],
  );
  assert.deepEqual(parseDeviceRule('c 42:* rw'), { allow: true, type: 'c', access: 'rw', major: 42 });
  assert.throws(() => parseDeviceRule('c 42 rw'), /invalid device cgroup rule/);
  assert.deepEqual(
    parseHardLimits('Max open files            1024                 20000                files \n'),
    {
      RLIMIT_NOFILE: 20000,
    },
  );
});

test('what the runtime said becomes what users know', () => {
  const codes = [
    ['executable file `x` not found in $PATH: No such file or directory', 127],
    ['open executable: Permission denied', 126],
    ['open executable: Operation not permitted', 126],
    ['chdir: Permission denied', 125],
  ] as const;
  for (const [said, code] of codes) assert.equal(toStartError('create', said, 'x').exitCode, code, said);
  assert.equal(runtimeWords('{"msg":"a \\"b\\"", "level":"error"}\n'), 'a "b"');
});
