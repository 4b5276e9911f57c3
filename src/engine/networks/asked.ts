// What a container may ask of a network, whether it runs or not; its link's name and kernel settings.
import { inNetns } from '#kernel/netns.ts';
import { readSysctl, writeSysctl } from '#kernel/sysctl.ts';
import type { EndpointSettings } from '#shared/contract/network.ts';
import { conflict, type EngineError, forbidden, invalid } from '#shared/errors.ts';
import { canonicalAddress, contains, type Family, parseCidr } from './addresses/cidr.ts';
import { strange } from './addresses/ipam.ts';
import { type Endpoint, isMade, type NetworkRecord, type Sandbox } from './record.ts';
import { linkPrefixOf } from './rules/options.ts';
import { isJoinable, type JoinableNetwork } from './store.ts';

const nameOption = 'com.docker.network.endpoint.ifname';
const settingsOption = 'com.docker.network.endpoint.sysctls';

/** The name of one more link: the one asked for, or the next of the network's names that is free. */
export function freeLink(network: NetworkRecord, settings: EndpointSettings, taken: string[]): string {
  const asked = settings.DriverOpts?.[nameOption];
  if (asked) {
    if (!/^[^\s/:]{1,15}$/.test(asked) || asked === 'lo') throw invalid(`invalid interface name: ${asked}`);
    if (taken.includes(asked)) throw conflict(`interface name ${asked} is in use in this container`);
    return asked;
  }
  for (let number = 0; ; number++) {
    const name = `${linkPrefixOf(network)}${number}`;
    if (!taken.includes(name)) return name;
  }
}

/**
 * Throws what a container that joins the network with these settings would be refused with. Whether an address is free
 * shows when it starts only.
 */
export function assertAskable(network: NetworkRecord, settings: EndpointSettings): void {
  if (isJoinable(network)) {
    assertSettings(network, settings);
    assertBelongs(network, 4, settings.IPAMConfig?.IPv4Address);
    assertBelongs(network, 6, settings.IPAMConfig?.IPv6Address);
  } else if (settings.IPAMConfig?.IPv4Address || settings.IPAMConfig?.IPv6Address) throw noOwnAddress();
}

function assertBelongs(network: JoinableNetwork, family: Family, address: string | undefined): void {
  if (!address) return;
  const subnets = network.blocks
    .map(({ subnet }) => parseCidr(subnet))
    .filter((each) => each.family === family);
  if (!subnets.some((subnet) => contains(subnet, address))) throw strange(address, subnets);
}

/** Why nobody can join the network; for those that are no configuration, host or none there is no such reason. */
export const unjoinable = (network: NetworkRecord): EngineError => {
  if (network.configOnly === true) {
    return forbidden(`cannot attach to network ${network.name}: it is a configuration only network`);
  }
  return invalid(
    network.driver === 'host'
      ? 'cannot connect container to host network - container must be created in host network mode'
      : 'container cannot be connected to multiple networks with one of the networks in private (none) mode',
  );
};

/** Throws for what only networks that a user made can do, and for what no network can. */
export function assertSettings(network: JoinableNetwork, settings: EndpointSettings): void {
  if (settings.MacAddress && !/^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(settings.MacAddress)) {
    throw invalid(`invalid MAC address: ${settings.MacAddress}`);
  }
  if (settings.MacAddress && isForMany(settings.MacAddress)) {
    throw invalid(`invalid MAC address: ${settings.MacAddress}`, {
      hint: 'It is the address of a group (multicast): the second digit must be even, and not all can be zero.',
    });
  }
  const { IPv4Address, IPv6Address, LinkLocalIPs } = settings.IPAMConfig ?? {};
  for (const address of [IPv4Address, IPv6Address, ...(LinkLocalIPs ?? [])])
    if (address) canonicalAddress(address);
  linkSettings(settings);
  if (isMade(network)) return;
  if (IPv4Address || IPv6Address) {
    throw noOwnAddress();
  }
  if ((settings.Aliases ?? []).length > 0) {
    throw invalid('network-scoped alias is supported only for containers in user defined networks');
  }
}

/** Of a group, or of nobody: the kernel gives no link such an address. */
const isForMany = (mac: string): boolean =>
  (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1 || /^(00[:-]){5}00$/.test(mac);

const noOwnAddress = (): EngineError =>
  invalid('user specified IP address is supported on user defined networks only');

/** `net.ipv4.conf.IFNAME.log_martians=1,…`; the stock client writes the word for the link's name in small letters. */
function linkSettings({
  DriverOpts,
}: EndpointSettings): { family: string; kind: string; parameter: string; value: string }[] {
  const asked = DriverOpts?.[settingsOption];
  return (asked ? asked.split(',') : []).map((each) => {
    const parts = /^net\.(ipv4|ipv6|mpls)\.([a-z]+)\.ifname\.([a-z0-9_]+)=(.*)$/i.exec(each);
    const [, family = '', kind = '', parameter = '', value = ''] = parts ?? [];
    if (parts !== null) return { family, kind, parameter, value };
    throw invalid(
      `unrecognised network interface sysctl '${each}'; represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'`,
    );
  });
}

/** Afterwards the kernel's settings for an endpoint's link are those that were asked for. */
export function setLink(sandbox: Sandbox, { link, settings }: Endpoint): void {
  const asked = linkSettings(settings);
  if (asked.length === 0) return;
  inNetns(sandbox.netnsPath, () => {
    for (const { family, kind, parameter, value } of asked) {
      const key = `net.${family}.${kind}.${link.replaceAll('.', '/')}.${parameter}`;
      if (readSysctl(key) === undefined)
        throw invalid(`/proc/sys/net/${family}/${kind}/${link}/${parameter} is not a sysctl file`);
      writeSysctl(key, value);
    }
  });
}
