// Docker's options of bridge networks, read from a network's record. Pure.
import { invalid } from '#shared/errors.ts';
import { isIpv4, isIpv6 } from '#shared/notation/port.ts';
import type { Family } from '../addresses/cidr.ts';
import type { NetworkRecord } from '../record.ts';

export type GatewayMode = 'nat' | 'nat-unprotected' | 'routed' | 'isolated';

const prefix = 'com.docker.network.bridge.';
const gatewayModes: readonly string[] = ['nat', 'nat-unprotected', 'routed', 'isolated'];
const families = [4, 6] as const;

type Optioned = Pick<NetworkRecord, 'options'>;

// The words that Go's strconv.ParseBool takes, and older records may have others in capitals.
const isOff = (network: Optioned, name: string): boolean => {
  const value = (network.options[prefix + name] ?? 'true').toLowerCase();
  return ['false', '0', 'f'].includes(value);
};
const isFlag = (value: string): boolean => /^(true|True|TRUE|t|T|1|false|False|FALSE|f|F|0)$/.test(value);

/** Whether its containers are kept from each other (enable_icc=false). */
export const isolatesMembers = (network: Optioned): boolean => isOff(network, 'enable_icc');

/** Whether what leaves gets the host's address. */
export const masquerades = (network: Optioned): boolean => !isOff(network, 'enable_ip_masquerade');

/** How a family's packets come and go: translated, or routed as they are. */
export function modeOf(network: Optioned, family: Family): GatewayMode {
  const value = network.options[`${prefix}gateway_mode_ipv${family}`];
  return value === 'routed' || value === 'nat-unprotected' || value === 'isolated' ? value : 'nat';
}

/** Whether the bridge has no address of the family: nobody needs the host there, or the gateway is somebody else. */
export const isBare = (network: Optioned, family: Family): boolean =>
  modeOf(network, family) === 'isolated' || (family === 4 && inhibits(network));

/** Whether a network that names no gateway has none: whoever is on it would find nobody there. */
export const isWithoutGateway = (network: Optioned & { internal: boolean }, family: Family): boolean =>
  isBare(network, family) && (network.internal || modeOf(network, family) === 'isolated');

const inhibits = ({ options }: Optioned): boolean =>
  options[`${prefix}inhibit_ipv4`] !== undefined && !isOff({ options }, 'inhibit_ipv4');

/** The host's links by which published ports are reached at containers' own addresses too. */
export const trustedLinksOf = ({ options }: Optioned): string[] =>
  (options[`${prefix}trusted_host_interfaces`] ?? '').split(':').filter((each) => each !== '');

/** As which address of the host containers speak to the world; undefined: the one of the way that they go. */
export const hostAddressOf = (network: Optioned, family: Family): string | undefined =>
  network.options[`com.docker.network.host_ipv${family}`];

/**
 * Which families a network has: as the request says, or else its options, or else IPv4 alone. Throws `invalid` where
 * that is none. `options` come back without those that the request overrules.
 */
export function familiesOf(
  asked: { EnableIPv4?: boolean; EnableIPv6?: boolean },
  options: Record<string, string>,
): { families: Family[]; options: Record<string, string> } {
  const rest = { ...options };
  const isOn = (family: Family, told: boolean | undefined): boolean => {
    const name = `com.docker.network.enable_ipv${family}`;
    const value = options[name];
    if (told !== undefined) delete rest[name];
    if (told !== undefined || value === undefined) return told ?? family === 4;
    if (!isFlag(value)) throw invalid(`driver-opt ${JSON.stringify(name)} is not a valid bool`);
    return /^[t1]/i.test(value);
  };
  const on = families.filter((family) => isOn(family, family === 4 ? asked.EnableIPv4 : asked.EnableIPv6));
  if (on.length === 0) throw invalid('IPv4 or IPv6 must be enabled');
  return { families: on, options: rest };
}

/** Where ports are published that name no address of the host; undefined: wherever the engine does. */
export const bindingAddressOf = (network: Optioned): string | undefined =>
  network.options[`${prefix}host_binding_ipv4`] || undefined;

/** How links inside are named: `eth`, then a number. */
export const linkPrefixOf = (network: Optioned): string =>
  network.options['com.docker.network.container_iface_prefix'] || 'eth';

/** The mtu asked for; throws `invalid` for one that no link can have. */
export function mtuOf(options: Record<string, string>): number | undefined {
  const name = 'com.docker.network.driver.mtu';
  const text = options[name];
  if (text === undefined) return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw unreadable(name, text, notParsed('Atoi', text));
  const mtu = Number(text);
  if (mtu < 0) throw invalid(`invalid MTU number: ${text}`);
  if (mtu === 0) return undefined;
  if (mtu < 68 || mtu > 65_535) throw invalid(`invalid MTU: ${text}`);
  return mtu;
}

const unreadable = (name: string, value: string, reason: string, hint?: string): Error =>
  invalid(`failed to parse ${name} value: ${value} (${reason})`, hint === undefined ? {} : { hint });

const notParsed = (by: 'Atoi' | 'ParseBool', value: string): string =>
  `strconv.${by}: parsing ${JSON.stringify(value)}: invalid syntax`;

/** Throws `invalid`, in Docker's words, for a value that the option cannot have. */
export function assertOptions(options: Record<string, string>): void {
  for (const name of ['enable_icc', 'enable_ip_masquerade', 'inhibit_ipv4'].map((each) => prefix + each)) {
    const value = options[name];
    if (value !== undefined && !isFlag(value)) {
      throw unreadable(name, value, notParsed('ParseBool', value), 'It is true or false.');
    }
  }
  for (const family of families) {
    const name = `${prefix}gateway_mode_ipv${family}`;
    const value = options[name];
    if (value !== undefined && !gatewayModes.includes(value)) {
      throw unreadable(
        name,
        value,
        `unknown gateway mode ${value}`,
        `It is one of ${gatewayModes.join(', ')}.`,
      );
    }
    assertAddress(options, `com.docker.network.host_ipv${family}`, family);
  }
  assertAddress(options, `${prefix}host_binding_ipv4`);
  for (const link of trustedLinksOf({ options }))
    if (link.length > 15) throw invalid(`invalid interface name: ${link}`);
  mtuOf(options);
}

/** Of the family, where one is named. */
function assertAddress(options: Record<string, string>, name: string, family?: Family): void {
  const value = options[name];
  if (value === undefined) return;
  const isAddress = (family !== 6 && isIpv4(value)) || (family !== 4 && isIpv6(value));
  if (!isAddress) throw unreadable(name, value, 'nil ip');
}

/** Throws `invalid` for what only an internal network can be. */
export function assertIsolated(network: Optioned & { internal: boolean }): void {
  if (network.internal || families.every((family) => modeOf(network, family) !== 'isolated')) return;
  throw invalid("gateway mode 'isolated' can only be used for an internal network");
}
