// What a container's resolv.conf and hosts files say.
import { isIP } from 'node:net';
import { hostResolver } from '#kernel/host.ts';
import { invalid } from '#shared/errors.ts';
import type { Attached, AttachRequest, HostNames } from './attach-request.ts';
import { addressesOf, gatewaysOf, resolvesNames, type Sandbox } from './record.ts';
import type { NetworkRoom } from './room.ts';

/** Docker's choice for a host that has no name server a container could reach. */
const publicServers = ['8.8.8.8', '8.8.4.4'];

type Resolution = Pick<Attached, 'nameservers' | 'search' | 'options' | 'hosts'>;

/** On user networks the network's own server is asked; elsewhere the host's servers, without loopback ones. */
export function resolutionOf(room: NetworkRoom, request: AttachRequest, sandbox: Sandbox): Resolution {
  const host = hostResolver();
  const own = sandbox.endpoints.flatMap(({ networkId }) => {
    const network = room.store.byId(networkId);
    return network !== undefined && resolvesNames(network) ? gatewaysOf(network).slice(0, 1) : [];
  });
  const onHost = sandbox.mode === 'host';
  const servers = onHost ? host.nameservers : reachable(host.nameservers);
  const asked = request.dns.length > 0 ? request.dns : servers;
  const options = request.dnsOptions.length > 0 ? request.dnsOptions : host.resolverOptions;
  return {
    nameservers: own.length > 0 ? own : asked,
    search:
      request.dnsSearch.length > 0 ? request.dnsSearch.filter((each) => each !== '.') : host.searchDomains,
    options: own.length > 0 ? withOwnNamesFirst(options) : options,
    hosts: [...request.extraHosts.flatMap((text) => extraHost(room, text)), ...ownNames(request, sandbox)],
  };
}

/** Names without a dot are neighbours before they are anything in a search domain, whose server may be slow or know any name. */
const withOwnNamesFirst = (options: readonly string[]): string[] =>
  options.some((option) => option.startsWith('ndots:')) ? [...options] : [...options, 'ndots:0'];

function reachable(servers: string[]): string[] {
  const usable = servers.filter((server) => !server.startsWith('127.') && server !== '::1');
  return usable.length > 0 ? usable : publicServers;
}

// `name:address` or `name=address`; the address may hold colons, the word host-gateway is the host.
function extraHost(room: NetworkRoom, text: string): HostNames[] {
  const [, name, address] = /^([^:=]+)[:=](.+)$/.exec(text) ?? [];
  if (name === undefined || address === undefined) throw invalid(`bad format for add-host: "${text}"`);
  if (address === 'host-gateway') return room.hostGateways().map((ip) => ({ ip, names: [name] }));
  const ip = address.replace(/^\[(.*)\]$/, '$1');
  if (isIP(ip) === 0) throw invalid(`invalid IP address in add-host: "${address}"`);
  return [{ ip, names: [name] }];
}

function ownNames(request: AttachRequest, sandbox: Sandbox): HostNames[] {
  const full = request.domainname ? [`${request.hostname}.${request.domainname}`] : [];
  const names = [...full, request.hostname].filter((name) => name !== '');
  if (names.length === 0) return [];
  return sandbox.endpoints.flatMap((endpoint) =>
    addressesOf(endpoint).map(({ address }) => ({ ip: address, names })),
  );
}
