// The endpoints that `--network`, `--ip`, `--network-alias` and their like ask for.
import type { CreateValues } from '#cli/commands/container/create-flags.ts';
import type { NetworkingConfig } from '#shared/contract/container.ts';
import type { EndpointSettings } from '#shared/contract/network.ts';
import { invalid } from '#shared/errors.ts';
import { splitCsv } from '#shared/notation/mount.ts';

/** An endpoint a network; null where nothing was asked. Throws `invalid`. */
export function networkingOf(flags: CreateValues): NetworkingConfig | null {
  const [first = 'default', ...others] = flags.network;
  const endpoints = new Map<string, EndpointSettings>();
  const parsed = parseNetwork(first);
  const settings = { ...parsed.endpoint, ...flagEndpoint(flags, parsed.endpoint) };
  if (flags.network.length > 0 || Object.keys(settings).length > 0) endpoints.set(parsed.name, settings);
  for (const other of others) {
    const { name, endpoint } = parseNetwork(other);
    if (endpoints.has(name)) throw invalid(`network "${name}" is specified multiple times`);
    endpoints.set(name, endpoint);
  }
  const names = [...endpoints.keys()];
  const modes = names.filter((name) => /^(?:host|none|container:.*)$/.test(name));
  if (names.length > 1 && names.some((name) => modes.includes(name) || /^(?:bridge|default)$/.test(name)))
    throw invalid('conflicting options: cannot attach both user-defined and non-user-defined network-modes');
  for (const mode of modes) endpoints.delete(mode);
  return endpoints.size === 0 ? null : { EndpointsConfig: Object.fromEntries(endpoints) };
}

function flagEndpoint(flags: CreateValues, base: EndpointSettings): EndpointSettings {
  refuseTwice(flags, base);
  const endpoint: EndpointSettings = {};
  if (flags['network-alias'].length > 0) endpoint.Aliases = flags['network-alias'];
  if (flags['mac-address'] !== undefined) endpoint.MacAddress = flags['mac-address'];
  const addresses = {
    ...base.IPAMConfig,
    ...(flags.ip === undefined ? {} : { IPv4Address: flags.ip }),
    ...(flags.ip6 === undefined ? {} : { IPv6Address: flags.ip6 }),
    ...(flags['link-local-ip'].length === 0 ? {} : { LinkLocalIPs: flags['link-local-ip'] }),
  };
  if (Object.keys(addresses).length > 0) endpoint.IPAMConfig = addresses;
  return endpoint;
}

/** Throws `invalid` for what is asked of the first network by a flag of its own and in `--network` too. */
function refuseTwice(flags: CreateValues, { Aliases, MacAddress, IPAMConfig }: EndpointSettings): void {
  const pairs: [string, unknown, unknown, string][] = [
    ['network-alias', flags['network-alias'][0], Aliases, 'alias'],
    ['ip', flags.ip, IPAMConfig?.IPv4Address, 'IPv4 address'],
    ['ip6', flags.ip6, IPAMConfig?.IPv6Address, 'IPv6 address'],
    ['mac-address', flags['mac-address'], MacAddress, 'MAC address'],
    ['link-local-ip', flags['link-local-ip'][0], IPAMConfig?.LinkLocalIPs, 'link-local IP addresses'],
  ];
  const twice = pairs.find(([, flag, own]) => flag !== undefined && own !== undefined);
  if (twice === undefined) return;
  throw invalid(`conflicting options: cannot specify both --${twice[0]} and per-network ${twice[3]}`);
}

/** A name, or `name=x,alias=y,ip=z,mac-address=m,driver-opt=k=v,gw-priority=n`; fields in double quotes may hold commas. */
function parseNetwork(text: string): { name: string; endpoint: EndpointSettings } {
  if (!text.includes('=')) return { name: text, endpoint: {} };
  const endpoint: EndpointSettings = {};
  let name = '';
  for (const field of splitCsv(text)) {
    const equals = field.indexOf('=');
    const [key, value] = [field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1).trim()];
    const set = fields[key];
    if (key === 'name') name = value;
    else if (set !== undefined) set(endpoint, value);
    else throw invalid(`invalid field ${key} in --network ${text}`);
  }
  if (name === '')
    throw invalid(`invalid argument ${JSON.stringify(text)} for "--network" flag: the name is missing`);
  return { name, endpoint };
}

const fields: Record<string, (endpoint: EndpointSettings, value: string) => void> = {
  alias(endpoint, value) {
    endpoint.Aliases = [...(endpoint.Aliases ?? []), value];
  },
  ip(endpoint, value) {
    endpoint.IPAMConfig = { ...endpoint.IPAMConfig, IPv4Address: value };
  },
  ip6(endpoint, value) {
    endpoint.IPAMConfig = { ...endpoint.IPAMConfig, IPv6Address: value };
  },
  'link-local-ip'(endpoint, value) {
    const LinkLocalIPs = [...(endpoint.IPAMConfig?.LinkLocalIPs ?? []), value];
    endpoint.IPAMConfig = { ...endpoint.IPAMConfig, LinkLocalIPs };
  },
  'mac-address'(endpoint, value) {
    endpoint.MacAddress = value;
  },
  'gw-priority'(endpoint, value) {
    endpoint.GwPriority = parsePriority(value);
  },
  'driver-opt'(endpoint, value) {
    const [option = '', ...rest] = value.split('=');
    endpoint.DriverOpts = { ...endpoint.DriverOpts, [option]: rest.join('=') };
  },
};

/** A whole number. Throws `invalid`. */
export function parsePriority(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw invalid(`invalid gw-priority (${text}): invalid syntax`);
  return Number(text);
}
