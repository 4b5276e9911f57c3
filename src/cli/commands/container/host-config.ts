// The HostConfig that the flags of `create` and `run` ask for.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CreateValues } from '#cli/commands/container/create-flags.ts';
import { limitsOf } from '#cli/commands/container/limits.ts';
import { pairsOf } from '#cli/terminal/words.ts';
import type { HostConfig, RestartPolicy } from '#shared/contract/container.ts';
import type { PortBinding } from '#shared/contract/network.ts';
import { invalid } from '#shared/errors.ts';
import { parseBind, parseMountFlag, parseTmpfs } from '#shared/notation/mount.ts';
import { parsePortPublish } from '#shared/notation/port.ts';

/** What was not given is left to the engine. Throws `invalid`. */
export function hostConfigOf(flags: CreateValues, given: ReadonlySet<string>): HostConfig {
  const config: HostConfig = {
    AutoRemove: flags.rm,
    Privileged: flags.privileged,
    PublishAllPorts: flags['publish-all'],
    ReadonlyRootfs: flags['read-only'],
    NetworkMode: networkModeOf(flags.network[0]),
    PortBindings: portBindingsOf(flags.publish),
    RestartPolicy: restartPolicyOf(flags.restart ?? 'no'),
    LogConfig: { Type: flags['log-driver'] ?? '', Config: pairsOf(flags['log-opt']) },
    ...limitsOf(flags),
    ...namespacesOf(flags),
    ...listsOf(flags),
  };
  if (flags.rm && config.RestartPolicy?.Name !== 'no')
    throw invalid('conflicting options: cannot specify both --restart and --rm');
  if (given.has('init')) config.Init = flags.init;
  if (given.has('oom-kill-disable')) config.OomKillDisable = flags['oom-kill-disable'];
  if (flags.cidfile !== undefined) config.ContainerIDFile = flags.cidfile;
  if (flags.runtime !== undefined) config.Runtime = flags.runtime;
  if (flags.isolation !== undefined) config.Isolation = flags.isolation;
  if (flags['volume-driver'] !== undefined) config.VolumeDriver = flags['volume-driver'];
  if (flags.gpus !== undefined) config.DeviceRequests = [gpuRequestOf(flags.gpus)];
  return config;
}

/** The mode of the first `--network`, which may be written `name=x,alias=y`. */
function networkModeOf(network: string | undefined): string {
  if (network === undefined) return 'default';
  const named = /(?:^|,)name=([^,]+)/.exec(network)?.[1];
  return named ?? network;
}

function portBindingsOf(texts: readonly string[]): Record<string, PortBinding[]> {
  const bindings: Record<string, PortBinding[]> = {};
  for (const { port, binding } of texts.flatMap(parsePortPublish)) {
    bindings[port] ??= [];
    bindings[port].push(binding);
  }
  return bindings;
}

/** `no`, `always`, `unless-stopped`, `on-failure[:N]`. Throws `invalid`. */
export function restartPolicyOf(text: string): RestartPolicy {
  const [name = '', count, ...more] = text.split(':');
  const badCount = count !== undefined && (name !== 'on-failure' || !/^\d{1,9}$/.test(count));
  if (more.length > 0 || badCount || !isPolicy(name)) {
    throw invalid(`invalid restart policy: ${text}`, {
      hint: 'policies are no, always, unless-stopped and on-failure[:N]',
    });
  }
  return { Name: name, MaximumRetryCount: Number(count ?? 0) };
}

function isPolicy(name: string): name is RestartPolicy['Name'] {
  return ['no', 'always', 'unless-stopped', 'on-failure'].includes(name);
}

function namespacesOf(flags: CreateValues): HostConfig {
  return {
    ...(flags.pid === undefined ? {} : { PidMode: flags.pid }),
    ...(flags.ipc === undefined ? {} : { IpcMode: flags.ipc }),
    ...(flags.uts === undefined ? {} : { UTSMode: flags.uts }),
    ...(flags.userns === undefined ? {} : { UsernsMode: flags.userns }),
    ...(flags.cgroupns === undefined ? {} : { CgroupnsMode: flags.cgroupns }),
    ...(flags['cgroup-parent'] === undefined ? {} : { CgroupParent: flags['cgroup-parent'] }),
  };
}

function listsOf(flags: CreateValues): HostConfig {
  return {
    Binds: bindsOf(flags.volume),
    Mounts: flags.mount.map((text) => mountOf(text)),
    Tmpfs: tmpfsOf(flags.tmpfs),
    VolumesFrom: flags['volumes-from'],
    CapAdd: flags['cap-add'],
    CapDrop: flags['cap-drop'],
    Dns: flags.dns,
    DnsOptions: flags['dns-option'],
    DnsSearch: flags['dns-search'],
    ExtraHosts: flags['add-host'].map(extraHostOf),
    GroupAdd: flags['group-add'],
    Links: flags.link,
    SecurityOpt: flags['security-opt'].map(securityOptionOf),
    StorageOpt: pairsOf(flags['storage-opt']),
    Sysctls: pairsOf(flags.sysctl),
    Annotations: pairsOf(flags.annotation),
  };
}

/** Host paths may be relative here; the engine only takes absolute ones. */
function bindsOf(texts: readonly string[]): string[] {
  return texts.flatMap((text) => {
    if (!text.includes(':')) return [];
    const [source = '', ...rest] = text.split(':');
    const absolute = /^\.{1,2}(?:\/|$)/.test(source) ? resolve(source) : source;
    const bind = [absolute, ...rest].join(':');
    parseBind(bind);
    return [bind];
  });
}

function mountOf(text: string): ReturnType<typeof parseMountFlag> {
  const mount = parseMountFlag(text);
  return mount.Type === 'bind' && mount.Source !== undefined
    ? { ...mount, Source: resolve(mount.Source) }
    : mount;
}

function tmpfsOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const colon = text.indexOf(':');
      return [parseTmpfs(text).target, colon < 0 ? '' : text.slice(colon + 1)];
    }),
  );
}

function extraHostOf(text: string): string {
  const match = /^([^:=\s]+)[:=](.+)$/.exec(text);
  if (match === null)
    throw invalid(`bad format for add-host: ${JSON.stringify(text)}`, {
      hint: 'it looks like db:10.0.0.5 or here:host-gateway',
    });
  return `${match[1]}:${match[2]?.replace(/^\[|\]$/g, '')}`;
}

/** A seccomp profile is a file here and its text on the wire. */
function securityOptionOf(text: string): string {
  const file = /^seccomp[=:](.+)$/.exec(text)?.[1];
  if (file === undefined || file === 'unconfined' || file === 'builtin') return text;
  try {
    return `seccomp=${JSON.stringify(JSON.parse(readFileSync(file, 'utf8')))}`;
  } catch (cause) {
    throw invalid(
      `opening seccomp profile (${file}) failed: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
}

function gpuRequestOf(text: string): object {
  const count = text === 'all' ? -1 : Number(/^(?:count=)?(\d{1,3})$/.exec(text)?.[1] ?? Number.NaN);
  const ids = /^"?device=([^"]+)"?$/.exec(text)?.[1];
  if (ids !== undefined) return { DeviceIDs: ids.split(','), Capabilities: [['gpu']] };
  if (Number.isNaN(count)) throw invalid(`invalid argument ${JSON.stringify(text)} for "--gpus" flag`);
  return { Count: count, Capabilities: [['gpu']] };
}
