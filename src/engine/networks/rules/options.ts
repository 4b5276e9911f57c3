// Docker's options of bridge networks, read from a network's record. Pure.
import { invalid } from '#shared/errors.ts';
import { isIpv4, isIpv6 } from '#shared/notation/port.ts';
import type { Family } from '../addresses/cidr.ts';
import type { NetworkRecord } from '../record.ts';

export type GatewayMode = 'nat' | 'nat-unprotected' | 'routed';

const prefix = 'com.docker.network.bridge.';
const gatewayModes: readonly string[] = ['nat', 'nat-unprotected', 'routed'];

type Optioned = Pick<NetworkRecord, 'options'>;

const isOff = (network: Optioned, name: string): boolean => {
  const value = (network.options[prefix + name] ?? 'true').toLowerCase();
  return ['false', '0', 'f'].includes(value);
};

/** Whether its containers are kept from each other (enable_icc=false). */
export const isolatesMembers = (network: Optioned): boolean => isOff(network, 'enable_icc');

/** Whether what leaves gets the host's address. */
export const masquerades = (network: Optioned): boolean => !isOff(network, 'enable_ip_masquerade');

/** How a family's packets come and go: translated, or routed as they are. */
export function modeOf(network: Optioned, family: Family): GatewayMode {
  const value = network.options[`${prefix}gateway_mode_ipv${family}`];
  return value === 'routed' || value === 'nat-unprotected' ? value : 'nat';
}

/** Where ports are published that name no address of the host; undefined: wherever the engine does. */
export const bindingAddressOf = (network: Optioned): string | undefined =>
  network.options[`${prefix}host_binding_ipv4`] || undefined;

/** How links inside are named: `eth`, then a number. */
export const linkPrefixOf = (network: Optioned): string =>
  network.options['com.docker.network.container_iface_prefix'] || 'eth';

/** The mtu asked for; throws `invalid` for one that no link can have. */
export function mtuOf(options: Record<string, string>): number | undefined {
  const text = options['com.docker.network.driver.mtu'];
  if (text === undefined || text === '' || text === '0') return undefined;
  const mtu = Number(text);
  if (!Number.isInteger(mtu) || mtu < 68 || mtu > 65_535) throw invalid(`invalid MTU: ${text}`);
  return mtu;
}

/** Throws `invalid` for a value that the option cannot have. */
export function assertOptions(options: Record<string, string>): void {
  for (const name of ['enable_icc', 'enable_ip_masquerade']) {
    const value = options[prefix + name];
    if (value !== undefined && !/^(true|false|0|1|t|f)$/i.test(value)) {
      throw invalid(`invalid value for ${prefix}${name}: ${value}`, { hint: 'It is true or false.' });
    }
  }
  for (const family of [4, 6]) {
    const value = options[`${prefix}gateway_mode_ipv${family}`];
    if (value !== undefined && !gatewayModes.includes(value)) {
      throw invalid(`unknown gateway mode ${value}`, { hint: `It is one of ${gatewayModes.join(', ')}.` });
    }
  }
  const binding = options[`${prefix}host_binding_ipv4`];
  if (binding && !isIpv4(binding) && !isIpv6(binding)) {
    throw invalid(`invalid host binding address: ${binding}`);
  }
  mtuOf(options);
}
