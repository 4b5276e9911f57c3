// What a network's file says to the name server: one line a container.
import { type Endpoint, gatewaysOf, type NetworkRecord, type Sandbox } from '../record.ts';
import { toldName } from './question.ts';

/** A network's file but for its line about the change: the addresses that are listened on, then its containers. */
export const fileOf = (network: NetworkRecord, members: { sandbox: Sandbox; endpoint: Endpoint }[]): string =>
  `${gatewaysOf(network).join(',')}\n${members.map(({ sandbox, endpoint }) => lineOf(sandbox, endpoint)).join('')}`;

// `id ipv4 ipv6 names servers`, separated by single spaces; lists by commas (aardvark-dns, config format). Each name is also
// one with the network's, as in Docker: what is on several networks can be asked for on one of them.
function lineOf(sandbox: Sandbox, endpoint: Endpoint): string {
  const servers = sandbox.dns.length === 0 ? '' : ` ${sandbox.dns.join(',')}`;
  const { ipv4, ipv6 } = endpoint;
  const addresses = `${ipv4?.address ?? ''} ${ipv6?.address ?? ''}`;
  const names = namesOf(sandbox, endpoint);
  const full = names.map((name) => `${name}.${endpoint.networkName}`);
  return `${sandbox.containerId} ${addresses} ${[...names, ...full].join(',')}${servers}\n`;
}

/** All names that a container answers to on a network, its own first, no name twice. */
export function namesOf(
  sandbox: Pick<Sandbox, 'name' | 'shortId' | 'hostname'>,
  endpoint: Endpoint,
): string[] {
  const names = [sandbox.name, ...(endpoint.settings.Aliases ?? []), sandbox.shortId, sandbox.hostname];
  return [...new Set(names.filter((name) => /^[\w.-]+$/.test(name) && name.toLowerCase() !== toldName))];
}
