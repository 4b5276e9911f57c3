// The endpoints that `--network`, `--ip`, `--network-alias` and their like ask for.
import type { CreateValues } from '#cli/commands/container/create-flags.ts';
import type { NetworkingConfig } from '#shared/contract/container.ts';
import type { EndpointSettings } from '#shared/contract/network.ts';
import { invalid } from '#shared/errors.ts';

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
  const endpoint: EndpointSettings = {};
  if (flags['network-alias'].length > 0)
    endpoint.Aliases = [...(base.Aliases ?? []), ...flags['network-alias']];
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

/** A name, or `name=x,alias=y,ip=z,mac-address=m,driver-opt=k=v,gw-priority=n`. */
function parseNetwork(text: string): { name: string; endpoint: EndpointSettings } {
  if (!text.includes('=')) return { name: text, endpoint: {} };
  const endpoint: EndpointSettings = {};
  let name = '';
  for (const field of text.split(',')) {
    const equals = field.indexOf('=');
    const [key, value] = [field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1).trim()];
    if (key === 'name') name = value;
    else if (key === 'alias') endpoint.Aliases = [...(endpoint.Aliases ?? []), value];
    else if (key === 'ip') endpoint.IPAMConfig = { ...endpoint.IPAMConfig, IPv4Address: value };
    else if (key === 'ip6') endpoint.IPAMConfig = { ...endpoint.IPAMConfig, IPv6Address: value };
    else if (key === 'mac-address') endpoint.MacAddress = value;
    else if (key === 'gw-priority') endpoint.GwPriority = Number(value);
    else if (key === 'driver-opt') {
      const [option = '', ...rest] = value.split('=');
      endpoint.DriverOpts = { ...endpoint.DriverOpts, [option]: rest.join('=') };
    } else throw invalid(`invalid field ${key} in --network ${text}`);
  }
  if (name === '')
    throw invalid(`invalid argument ${JSON.stringify(text)} for "--network" flag: the name is missing`);
  return { name, endpoint };
}
