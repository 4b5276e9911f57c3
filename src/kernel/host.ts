// What the host is: kernel, distribution, memory, name servers, limits.
import { existsSync, readFileSync } from 'node:fs';
import { arch, availableParallelism, hostname, release, totalmem } from 'node:os';
import { type CgroupMode, cgroupMode } from '#kernel/cgroups/mode.ts';
import { getrlimit, RLIMIT } from '#kernel/syscalls.ts';

export interface Host {
  kernelVersion: string;
  /** `Debian GNU/Linux 12 (bookworm)`. */
  osName: string;
  osVersion: string;
  /** As uname(1) says it: `x86_64`, `aarch64`. */
  architecture: string;
  /** As Node says it: `x64`, `arm64`. */
  nodeArchitecture: string;
  cpus: number;
  memoryBytes: number;
  hostname: string;
  /** As Docker's info lists them: `name=seccomp,profile=builtin`, … */
  securityOptions: string[];
  cgroupMode: CgroupMode;
  nameservers: string[];
  searchDomains: string[];
  resolverOptions: string[];
}

const unameOf: Record<string, string> = { x64: 'x86_64', arm64: 'aarch64', arm: 'armv7l' };

/** Looks at the host anew; costs less than a millisecond. */
export function observeHost(): Host {
  const os = parseOsRelease(textOf('/etc/os-release') || textOf('/usr/lib/os-release'));
  return {
    kernelVersion: release(),
    osName: os['PRETTY_NAME'] ?? os['NAME'] ?? 'Linux',
    osVersion: os['VERSION_ID'] ?? '',
    architecture: unameOf[arch()] ?? arch(),
    nodeArchitecture: arch(),
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    hostname: hostname(),
    securityOptions: securityOptions(),
    cgroupMode: cgroupMode(),
    ...hostResolver(),
  };
}

function securityOptions(): string[] {
  const found: string[] = [];
  if (textOf('/sys/module/apparmor/parameters/enabled').startsWith('Y')) found.push('name=apparmor');
  if (existsSync('/proc/sys/kernel/seccomp')) found.push('name=seccomp,profile=builtin');
  if (cgroupMode() === 'v2') found.push('name=cgroupns');
  return found;
}

export interface Resolver {
  nameservers: string[];
  searchDomains: string[];
  resolverOptions: string[];
}

const stubResolver = '127.0.0.53';
const upstreamFile = '/run/systemd/resolve/resolv.conf';

/** The host's resolver; behind systemd-resolved's stub, the servers that the stub asks. */
export function hostResolver(file = '/etc/resolv.conf'): Resolver {
  const own = parseResolvConf(textOf(file));
  const onlyStub = own.nameservers.length > 0 && own.nameservers.every((server) => server === stubResolver);
  return onlyStub && existsSync(upstreamFile) ? parseResolvConf(textOf(upstreamFile)) : own;
}

/** The text of a resolv.conf(5). */
export function parseResolvConf(text: string): Resolver {
  const resolver: Resolver = { nameservers: [], searchDomains: [], resolverOptions: [] };
  for (const line of text.split('\n')) {
    const [key, ...words] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (key === 'nameserver') resolver.nameservers.push(...words.slice(0, 1));
    if (key === 'search' || key === 'domain') resolver.searchDomains = words;
    if (key === 'options') resolver.resolverOptions.push(...words);
  }
  return resolver;
}

/** The text of an os-release(5). */
export function parseOsRelease(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split('\n').flatMap((line) => {
      const [, key, value] = /^([A-Z_0-9]+)=(.*)$/.exec(line) ?? [];
      return key === undefined || value === undefined ? [] : [[key, value.replace(/^(["'])(.*)\1$/, '$2')]];
    }),
  );
}

/** The hard limits of this process, by OCI's names in lower case; Infinity is unlimited. */
export function hardLimits(): Record<keyof typeof RLIMIT, number> {
  const names = Object.keys(RLIMIT) as (keyof typeof RLIMIT)[];
  return Object.fromEntries(names.map((name) => [name, getrlimit(name).hard])) as Record<
    keyof typeof RLIMIT,
    number
  >;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
