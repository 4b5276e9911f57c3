// What a daemon is told of networks: the command line over the configuration file.
import type { EngineOptions, NetworkDefaults } from '#engine/engine-options.ts';
import { invalid } from '#shared/errors.ts';
import { isIpv4, isIpv6 } from '#shared/notation/port.ts';
import type { ConfigFile } from './config-file.ts';

type AddressPool = NonNullable<EngineOptions['addressPools']>[number];

export interface NetworkFlags {
  /** The default network's bridge; default `wharf0`. */
  bridge?: string;
  /** The bridge's address and subnet, `172.17.0.1/16`. */
  bip?: string;
  /** Where ports are published that name no address; default every address of the host. */
  ip?: string;
  /** `base=10.10.0.0/16,size=24`: subnets for networks that name none. */
  addressPools?: readonly string[];
  /** The part of the default network's subnet that containers get addresses of. */
  fixedCidr?: string;
  /** Whether the default network has IPv6, and as `bip` and `fixedCidr` what of it. */
  ipv6?: boolean;
  bip6?: string;
  fixedCidr6?: string;
  /** Routers in the default network that lead out in place of the bridge. */
  gateway?: string;
  gateway6?: string;
  /** What `host-gateway` means. */
  hostGateways?: readonly string[];
  /** Whether published ports are reached at containers' own addresses too. */
  directRouting?: boolean;
  /** Whether the host is told to forward. */
  ipForward?: boolean;
  /** Of the default network. */
  mtu?: string;
  icc?: boolean;
  ipMasq?: boolean;
  dns?: readonly string[];
  dnsSearch?: readonly string[];
  dnsOptions?: readonly string[];
  /** `bridge=com.docker.network.driver.mtu=1400`: options of networks that do not give them. */
  networkOptions?: readonly string[];
}

export interface NetworkSettings {
  bridge: string | undefined;
  bip: string | undefined;
  publishAddress: string | undefined;
  addressPools: readonly AddressPool[] | undefined;
  networkDefaults: NetworkDefaults;
}

/** Throws `invalid` for what no network can have. */
export function decideNetwork(flags: NetworkFlags, file: ConfigFile): NetworkSettings {
  return {
    bridge: flags.bridge ?? file.text('bridge'),
    bip: flags.bip ?? file.text('bip'),
    publishAddress: addressOf(flags.ip ?? file.text('ip'), 'For example --ip 127.0.0.1'),
    addressPools: poolsOf(flags.addressPools, file.objects('default-address-pools')),
    networkDefaults: {
      fixedCidr: flags.fixedCidr ?? file.text('fixed-cidr'),
      ipv6: flags.ipv6 ?? file.flag('ipv6') ?? false,
      bip6: flags.bip6 ?? file.text('bip6'),
      fixedCidr6: flags.fixedCidr6 ?? file.text('fixed-cidr-v6'),
      gateway: addressOf(flags.gateway ?? file.text('default-gateway'), 'For example 172.17.0.254'),
      gateway6: addressOf(flags.gateway6 ?? file.text('default-gateway-v6'), 'For example fd00:1::ffff'),
      hostGateways: gatewaysFrom(flags.hostGateways, file),
      directRouting: flags.directRouting ?? file.flag('allow-direct-routing') ?? false,
      forward: flags.ipForward ?? file.flag('ip-forward') ?? true,
      mtu: flags.mtu === undefined ? file.count('mtu') : mtuOf(flags.mtu),
      icc: flags.icc ?? file.flag('icc') ?? true,
      masquerade: flags.ipMasq ?? file.flag('ip-masq') ?? true,
      dns: listOr(flags.dns, file.texts('dns')).map(
        (text) => addressOf(text, 'For example --dns 192.0.2.53') ?? '',
      ),
      dnsSearch: listOr(flags.dnsSearch, file.texts('dns-search')),
      dnsOptions: listOr(flags.dnsOptions, file.texts('dns-opts')),
      networkOptions: optionsOf(flags.networkOptions ?? [], file.maps('default-network-opts')),
    },
  };
}

/** The file's older key has one address in it. */
function gatewaysFrom(given: readonly string[] | undefined, file: ConfigFile): readonly string[] {
  const older = file.text('host-gateway-ip');
  const told = listOr(given, listOr(file.texts('host-gateway-ips'), older ? [older] : []));
  for (const each of told) addressOf(each, 'For example --host-gateway-ip 192.0.2.1');
  return told;
}

const listOr = (list: readonly string[] | undefined, otherwise: readonly string[]): readonly string[] =>
  list === undefined || list.length === 0 ? otherwise : list;

function addressOf(text: string | undefined, hint: string): string | undefined {
  if (!text || isIpv4(text) || isIpv6(text)) return text || undefined;
  throw invalid(`invalid IP address: ${text}`, { hint });
}

function mtuOf(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw invalid(`invalid MTU: ${text}`);
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

/** By driver; an option of the command line counts before the file's. */
function optionsOf(
  texts: readonly string[],
  file: Record<string, Record<string, string>>,
): Record<string, Record<string, string>> {
  const options = { ...file };
  for (const text of texts) {
    const [, driver = '', name = '', value = ''] = /^([^=]+)=([^=]+)=(.*)$/.exec(text) ?? [];
    if (driver === '') {
      throw invalid(`invalid default network option: ${text}`, {
        hint: 'For example --default-network-opt bridge=com.docker.network.driver.mtu=1400',
      });
    }
    options[driver] = { ...options[driver], [name]: value };
  }
  return options;
}
