// What a daemon is started with: defaults, the configuration file, and the command line over both.
import { existsSync, readFileSync } from 'node:fs';
import type { EngineOptions } from '#engine/engine-options.ts';
import { invalid, messageOf } from '#shared/errors.ts';
import { parseDuration } from '#shared/notation/duration.ts';
import { isIpv4, isIpv6 } from '#shared/notation/port.ts';
import { parseBytes } from '#shared/notation/size.ts';

type AddressPool = NonNullable<EngineOptions['addressPools']>[number];
type ProxyOptions = NonNullable<EngineOptions['proxies']>;

/** The command line's options; what is absent comes from the configuration file or is the default. */
export interface DaemonOptions {
  /** What must outlive a reboot; default `/var/lib/wharf`. */
  root?: string;
  /** What must not; default `/run/wharf`. */
  run?: string;
  /** `unix://PATH` and `tcp://ADDRESS:PORT`; default `unix://<run>/wharf.sock`. */
  hosts?: readonly string[];
  registryMirrors?: readonly string[];
  insecureRegistries?: readonly string[];
  certsDirs?: readonly string[];
  proxies?: ProxyOptions;
  maxConcurrentDownloads?: number;
  maxConcurrentUploads?: number;
  /** `20GB`: room for the build cache, and for images without a container. */
  keepCache?: string;
  keepUnusedImages?: string;
  /** `168h`: how long removed things can come back; `0` for not at all. */
  trashKeep?: string;
  /** The default network's bridge; default `wharf0`. */
  bridge?: string;
  /** The bridge's address and subnet, `172.17.0.1/16`. */
  bip?: string;
  /** Where ports are published that name no address; default every address of the host. */
  ip?: string;
  /** `base=10.10.0.0/16,size=24`: subnets for networks that name none. */
  addressPools?: readonly string[];
  /** Must exist where it is given; default `/etc/wharf/daemon.json`, if there. */
  configFile?: string;
  debug?: boolean;
  pidfile?: string;
  /** Lets tcp:// listen beyond loopback: whoever reaches the port is root. */
  allowInsecureTcp?: boolean;
}

/** Everything decided. */
export interface DaemonSettings {
  root: string;
  run: string;
  hosts: readonly string[];
  registryMirrors: readonly string[];
  insecureRegistries: readonly string[];
  certsDirs: readonly string[];
  proxies: ProxyOptions;
  maxConcurrentDownloads: number;
  maxConcurrentUploads: number;
  trashKeepMs: number | undefined;
  budget: NonNullable<EngineOptions['budget']>;
  bridge: string | undefined;
  bip: string | undefined;
  publishAddress: string | undefined;
  addressPools: readonly AddressPool[] | undefined;
  logMaxSizeBytes: number | undefined;
  logMaxFiles: number | undefined;
  debug: boolean;
  pidfile: string | undefined;
  allowInsecureTcp: boolean;
}

const defaultConfigFile = '/etc/wharf/daemon.json';

/** Throws `invalid` naming the file and the key where the configuration file is wrong. */
export function decideSettings(options: DaemonOptions): DaemonSettings {
  const file = readConfig(options);
  const run = options.run ?? file.text('exec-root') ?? '/run/wharf';
  const maxSize = file.map('log-opts')['max-size'];
  const maxFiles = file.map('log-opts')['max-file'];
  return {
    root: options.root ?? file.text('data-root') ?? '/var/lib/wharf',
    run,
    hosts: listOr(options.hosts, listOr(file.texts('hosts'), [`unix://${run}/wharf.sock`])),
    registryMirrors: listOr(options.registryMirrors, file.texts('registry-mirrors')),
    insecureRegistries: listOr(options.insecureRegistries, file.texts('insecure-registries')),
    certsDirs: listOr(options.certsDirs, file.texts('certs-dirs')),
    proxies: proxiesFrom(options.proxies ?? {}, file.map('proxies')),
    maxConcurrentDownloads: options.maxConcurrentDownloads ?? file.count('max-concurrent-downloads') ?? 3,
    budget: {
      cacheBytes: bytesOf(options.keepCache ?? file.text('keep-cache')),
      unusedImageBytes: bytesOf(options.keepUnusedImages ?? file.text('keep-unused-images')),
    },
    trashKeepMs: keepMsOf(options.trashKeep ?? file.text('trash-keep')),
    maxConcurrentUploads: options.maxConcurrentUploads ?? file.count('max-concurrent-uploads') ?? 5,
    bridge: options.bridge ?? file.text('bridge'),
    bip: options.bip ?? file.text('bip'),
    publishAddress: publishAddressOf(options.ip ?? file.text('ip')),
    addressPools: poolsOf(options.addressPools, file.objects('default-address-pools')),
    logMaxSizeBytes: maxSize === undefined || maxSize === '-1' ? undefined : parseBytes(maxSize),
    logMaxFiles: maxFiles === undefined ? undefined : Number(maxFiles),
    debug: options.debug ?? file.flag('debug') ?? false,
    pidfile: options.pidfile ?? file.text('pidfile'),
    allowInsecureTcp: options.allowInsecureTcp ?? false,
  };
}

/** The command line's over the file's. */
function proxiesFrom(given: ProxyOptions, file: Record<string, string>): ProxyOptions {
  return {
    httpProxy: given.httpProxy ?? file['http-proxy'],
    httpsProxy: given.httpsProxy ?? file['https-proxy'],
    noProxy: given.noProxy ?? file['no-proxy'],
  };
}

function publishAddressOf(text: string | undefined): string | undefined {
  if (!text || isIpv4(text) || isIpv6(text)) return text || undefined;
  throw invalid(`invalid IP address: ${text}`, { hint: 'For example --ip 127.0.0.1' });
}

/** The command line's pools, or else the file's. */
function poolsOf(
  texts: readonly string[] | undefined,
  objects: readonly Record<string, unknown>[],
): AddressPool[] | undefined {
  const pools = (texts ?? []).map((text) => {
    const fields = new Map(text.split(',').map((field) => field.split('=', 2) as [string, string]));
    return { base: fields.get('base') ?? '', size: Number(fields.get('size') ?? Number.NaN) };
  });
  const chosen =
    pools.length > 0
      ? pools
      : objects.map(({ base, size }) => ({ base: String(base), size: Number(size ?? Number.NaN) }));
  return chosen.length === 0 ? undefined : chosen;
}

const bytesOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : parseBytes(text);

function keepMsOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Math.max(0, parseDuration(text) / 1e6);
}

const listOr = (list: readonly string[] | undefined, otherwise: readonly string[]): readonly string[] =>
  list === undefined || list.length === 0 ? otherwise : list;

function readConfig(options: DaemonOptions): ConfigFile {
  const path = options.configFile ?? defaultConfigFile;
  if (options.configFile === undefined && !existsSync(path)) return new ConfigFile(path, {});
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw invalid(`cannot read the configuration file ${path}: ${messageOf(cause)}`, { cause });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw invalid(`the configuration file ${path} is not a JSON object`);
  }
  return new ConfigFile(path, { ...parsed });
}

/** A configuration file whose values are checked as they are asked for. Keys are dockerd's; others are left alone. */
class ConfigFile {
  readonly #path: string;
  readonly #values: Record<string, unknown>;

  constructor(path: string, values: Record<string, unknown>) {
    this.#path = path;
    this.#values = values;
  }

  text(key: string): string | undefined {
    const value = this.#values[key];
    if (value === undefined || typeof value === 'string') return value;
    throw this.#wrong(key, 'a string');
  }

  flag(key: string): boolean | undefined {
    const value = this.#values[key];
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.#wrong(key, 'true or false');
  }

  /** A whole number above zero. */
  count(key: string): number | undefined {
    const value = this.#values[key];
    if (value === undefined || (typeof value === 'number' && Number.isInteger(value) && value > 0))
      return value;
    throw this.#wrong(key, 'a whole number above zero');
  }

  texts(key: string): string[] {
    const value = this.#values[key] ?? [];
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    throw this.#wrong(key, 'a list of strings');
  }

  objects(key: string): Record<string, unknown>[] {
    const value = this.#values[key] ?? [];
    const isObject = (item: unknown): item is Record<string, unknown> =>
      typeof item === 'object' && item !== null;
    if (Array.isArray(value) && value.every(isObject)) return value;
    throw this.#wrong(key, 'a list of objects');
  }

  map(key: string): Record<string, string> {
    const value = this.#values[key] ?? {};
    if (typeof value !== 'object' || value === null) throw this.#wrong(key, 'an object of strings');
    const entries = Object.entries(value);
    if (entries.every(([, item]) => typeof item === 'string')) return Object.fromEntries(entries);
    throw this.#wrong(key, 'an object of strings');
  }

  #wrong(key: string, expected: string): Error {
    return invalid(`the configuration file ${this.#path}: "${key}" must be ${expected}`);
  }
}
