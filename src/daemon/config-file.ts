// The configuration file of the daemon, as dockerd's daemon.json: read once, its values checked as they are asked for.
import { existsSync, readFileSync } from 'node:fs';
import { invalid, messageOf } from '#shared/errors.ts';

const usualPath = '/etc/wharf/daemon.json';

const keys = [
  'allow-direct-routing',
  'bip',
  'bip6',
  'bridge',
  'certs-dirs',
  'data-root',
  'debug',
  'default-address-pools',
  'default-gateway',
  'default-gateway-v6',
  'default-network-opts',
  'dns',
  'dns-opts',
  'dns-search',
  'exec-root',
  'fixed-cidr',
  'fixed-cidr-v6',
  'host-gateway-ip',
  'host-gateway-ips',
  'hosts',
  'icc',
  'insecure-registries',
  'ip',
  'ip-forward',
  'ip-masq',
  'ipv6',
  'keep-cache',
  'keep-unused-images',
  'log-driver',
  'log-opts',
  'max-concurrent-downloads',
  'max-concurrent-uploads',
  'mtu',
  'pidfile',
  'proxies',
  'registry-mirrors',
  'trash-keep',
] as const;
type Key = (typeof keys)[number];

/** Keys of dockerd's that ask for what is so here anyway, or for nothing that a container could see. */
const idle: readonly string[] = [
  'builder',
  'containerd',
  'exec-opts',
  'experimental',
  'features',
  'ip-forward-no-drop',
  'live-restore',
  'log-format',
  'log-level',
  'max-download-attempts',
  'raw-logs',
  'shutdown-timeout',
  'storage-driver',
  'userland-proxy',
  'userland-proxy-path',
];

/** Keys of dockerd's that can have one value only. */
const fixed: Readonly<Record<string, unknown>> = {
  'firewall-backend': 'nftables',
  ip6tables: true,
  iptables: true,
};

/** The file, or an empty one where none is named and the usual one is not there. Throws `invalid` naming the file. */
export function readConfigFile(named: string | undefined): ConfigFile {
  const path = named ?? usualPath;
  if (named === undefined && !existsSync(path)) return new ConfigFile(path, {});
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

export class ConfigFile {
  readonly #path: string;
  readonly #values: Record<string, unknown>;

  /** Throws `invalid` for keys that mean nothing here: a setting without effect would be believed in. */
  constructor(path: string, values: Record<string, unknown>) {
    this.#path = path;
    this.#values = values;
    const meant: readonly string[] = [...keys, ...idle, ...Object.keys(fixed)];
    const unknown = Object.keys(values).filter((key) => !meant.includes(key));
    if (unknown.length > 0) {
      throw invalid(
        `the configuration file ${path}: the following directives don't match any configuration option: ${unknown.join(', ')}`,
        { hint: `The options are ${keys.join(', ')}.` },
      );
    }
    for (const [key, only] of Object.entries(fixed)) {
      const value = values[key];
      if (value === undefined || value === only) continue;
      throw invalid(`the configuration file ${path}: "${key}" ${String(value)} is not supported`, {
        hint: `The engine's rules are in a table of nftables, beside those of others: docs/firewall.md.`,
      });
    }
  }

  text(key: Key): string | undefined {
    const value = this.#values[key];
    if (value === undefined || typeof value === 'string') return value;
    throw this.#wrong(key, 'a string');
  }

  flag(key: Key): boolean | undefined {
    const value = this.#values[key];
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.#wrong(key, 'true or false');
  }

  /** A whole number above zero. */
  count(key: Key): number | undefined {
    const value = this.#values[key];
    if (value === undefined || (typeof value === 'number' && Number.isInteger(value) && value > 0))
      return value;
    throw this.#wrong(key, 'a whole number above zero');
  }

  texts(key: Key): string[] {
    const value = this.#values[key] ?? [];
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    throw this.#wrong(key, 'a list of strings');
  }

  objects(key: Key): Record<string, unknown>[] {
    const value = this.#values[key] ?? [];
    if (Array.isArray(value) && value.every(isObject)) return value;
    throw this.#wrong(key, 'a list of objects');
  }

  map(key: Key): Record<string, string> {
    const value = this.#values[key] ?? {};
    if (isTexts(value)) return { ...value };
    throw this.#wrong(key, 'an object of strings');
  }

  maps(key: Key): Record<string, Record<string, string>> {
    const value = this.#values[key] ?? {};
    if (isObject(value) && Object.values(value).every(isTexts))
      return value as Record<string, Record<string, string>>;
    throw this.#wrong(key, 'an object of objects of strings');
  }

  #wrong(key: Key, expected: string): Error {
    return invalid(`the configuration file ${this.#path}: "${key}" must be ${expected}`);
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isTexts = (value: unknown): value is Record<string, string> =>
  isObject(value) && Object.values(value).every((item) => typeof item === 'string');
