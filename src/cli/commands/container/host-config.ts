// The HostConfig that the flags of `create` and `run` ask for.

import { isIP } from 'node:net';
import { resolve } from 'node:path';
import type { CreateValues } from '#cli/commands/container/create-flags.ts';
import { readFlag } from '#cli/commands/container/flag-text.ts';
import { limitsOf } from '#cli/commands/container/limits.ts';
import { readText } from '#cli/files/named-file.ts';
import { pairsOf } from '#cli/terminal/words.ts';
import type { HostConfig, RestartPolicy } from '#shared/contract/container.ts';
import type { PortBinding } from '#shared/contract/network.ts';
import { invalid, messageOf } from '#shared/errors.ts';
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
  if (count !== undefined && more.length === 0 && !/^\d{1,9}$/.test(count))
    throw invalid('invalid restart policy format: maximum retry count must be an integer');
  const badCount = count !== undefined && name !== 'on-failure';
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

/** Only what has something in it, as Docker's own sends it. */
function given(config: HostConfig): HostConfig {
  return Object.fromEntries(
    Object.entries(config).filter(([, value]) => Object.keys(value ?? {}).length > 0),
  );
}

function listsOf(flags: CreateValues): HostConfig {
  const orNull = <T>(list: T[]): T[] | null => (list.length === 0 ? null : list);
  return {
    ...given({
      Mounts: flags.mount.map((text) => readFlag('--mount', text, mountOf)),
      Tmpfs: tmpfsOf(flags.tmpfs),
      StorageOpt: pairsOf(flags['storage-opt']),
      Sysctls: pairsOf(flags.sysctl.map((text) => readFlag('--sysctl', text, sysctlOf))),
      Annotations: pairsOf(flags.annotation),
    }),
    Binds: orNull(bindsOf(flags.volume)),
    VolumesFrom: orNull(flags['volumes-from']),
    CapAdd: orNull(flags['cap-add'].map(capabilityOf)),
    CapDrop: orNull(flags['cap-drop'].map(capabilityOf)),
    Dns: flags.dns.map((text) => readFlag('--dns', text, addressOf)),
    DnsOptions: flags['dns-option'],
    DnsSearch: flags['dns-search'],
    ExtraHosts: orNull(flags['add-host'].map((text) => readFlag('--add-host', text, extraHostOf))),
    GroupAdd: orNull(flags['group-add']),
    Links: orNull(flags.link),
    ...securityOf(flags['security-opt']),
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

function capabilityOf(text: string): string {
  const name = text.trim().toUpperCase();
  return name === 'ALL' || name.startsWith('CAP_') ? name : `CAP_${name}`;
}

function addressOf(text: string): string {
  if (isIP(text.trim()) === 0) throw invalid(`IP address is not correctly formatted: ${text}`);
  return text.trim();
}

/** Only those that belong to a container's own namespaces. */
function sysctlOf(text: string): string {
  const name = text.split('=', 1)[0] ?? '';
  const own =
    /^(?:net|fs\.mqueue)\./.test(name) ||
    /^kernel\.(?:msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced|domainname)$/.test(name);
  if (own && text.includes('=')) return text;
  throw invalid(`sysctl '${text}' is not allowed`, {
    hint: 'net.*, fs.mqueue.* and the shared memory of kernel.* belong to a container',
  });
}

function extraHostOf(text: string): string {
  const match = /^([^:=\s]+)[:=](.+)$/.exec(text);
  if (match === null)
    throw invalid(`bad format for add-host: ${JSON.stringify(text)}`, {
      hint: 'it looks like db:10.0.0.5 or here:host-gateway',
    });
  return `${match[1]}:${match[2]?.replace(/^\[|\]$/g, '')}`;
}

/** What is told of system paths is no option of the engine: it is said by empty lists of paths. */
function securityOf(texts: readonly string[]): HostConfig {
  const isOfPaths = (text: string) => /^systempaths[=:]unconfined$/.test(text);
  const options = texts.filter((text) => !isOfPaths(text)).map(securityOptionOf);
  return {
    SecurityOpt: options.length === 0 ? null : options,
    ...(texts.some(isOfPaths) ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
  };
}

/** A seccomp profile is a file here and its text on the wire. */
function securityOptionOf(text: string): string {
  const file = /^seccomp[=:](.+)$/.exec(text)?.[1];
  if (!/[=:]/.test(text) && text !== 'no-new-privileges')
    throw invalid(`Invalid --security-opt: ${JSON.stringify(text)}`);
  if (file === undefined || file === 'unconfined' || file === 'builtin') return text;
  try {
    return `seccomp=${JSON.stringify(JSON.parse(readText(file)))}`;
  } catch (cause) {
    throw invalid(`opening seccomp profile (${file}) failed: ${messageOf(cause)}`, { cause });
  }
}

function gpuRequestOf(text: string): object {
  const count = text === 'all' ? -1 : Number(/^(?:count=)?(\d{1,3})$/.exec(text)?.[1] ?? Number.NaN);
  if (!Number.isNaN(count)) return { Count: count, Capabilities: [['gpu']] };
  const request: Record<string, unknown> = {};
  const capabilities = ['gpu'];
  for (const [, quoted, bare] of text.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g)) {
    const [key = '', ...rest] = (quoted ?? bare ?? '').split('=');
    const value = rest.join('=');
    if (key === 'device') request['DeviceIDs'] = value.split(',');
    else if (key === 'driver') request['Driver'] = value;
    else if (key === 'count') request['Count'] = value === 'all' ? -1 : Number(value);
    else if (key === 'capabilities') capabilities.unshift(...value.split(','));
    else if (key === 'options') request['Options'] = pairsOf(value.split(','));
    else throw invalid(`invalid argument ${JSON.stringify(text)} for "--gpus" flag: unexpected key '${key}'`);
  }
  return { ...request, Capabilities: [capabilities] };
}
