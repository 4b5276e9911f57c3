// The networks that are always there: bridge, host and none.
import { isDeepStrictEqual } from 'node:util';
import { observeLinks } from '#kernel/links.ts';
import { invalid, messageOf } from '#shared/errors.ts';
import { newId } from '#shared/notation/id.ts';
import { nowRfc3339Nano } from '#shared/notation/time.ts';
import {
  type Cidr,
  canonicalAddress,
  contains,
  type Family,
  familyOf,
  formatCidr,
  overlaps,
  parseCidr,
} from './addresses/cidr.ts';
import { firstAddress, localPool, pickSubnet, type SubnetPool } from './addresses/pools.ts';
import { foreignMacOf } from './bridge.ts';
import {
  type AddressBlock,
  type BridgeRecord,
  type Driver,
  defaultNetworkName,
  type NetworkRecord,
} from './record.ts';
import type { NetworkChoices } from './room.ts';
import { assertOptions, isolatesMembers } from './rules/options.ts';
import type { NetworkStore } from './store.ts';
import { rangeIn, subnetHolder, takenSubnets } from './subnets.ts';

const linkLocal = 'fe80::/64';

export interface DefaultBridge {
  /** The device's name, at most 15 characters. */
  name: string;
  /** `172.20.0.1/16`: the bridge's own address and the subnet's length; default an automatic one. */
  subnet?: string;
}

/**
 * Afterwards the three networks are recorded, each with the id it has had since the first time. Tells whether containers
 * that the default network kept apart until now are no longer to be.
 */
export function ensureDefaults(
  store: NetworkStore,
  bridge: DefaultBridge,
  choices: NetworkChoices,
): { unites: boolean } {
  const before = store.named(defaultNetworkName);
  const base = before ?? blank(defaultNetworkName, 'bridge');
  const { mtu } = choices.defaults;
  const device = { ...planDevice(before, bridge.name), ...(mtu === undefined ? {} : { mtu }) };
  const blocks = planBlocks(store, base, { bridge, choices });
  const options = optionsOf(bridge, choices);
  assertOptions(options);
  if (!isDeepStrictEqual([base.bridge, base.blocks, base.options], [device, blocks, options]))
    store.putNetwork({ ...base, options, bridge: device, blocks });
  if (store.named('host') === undefined) store.putNetwork(blank('host', 'host'));
  if (store.named('none') === undefined) store.putNetwork(blank('none', 'null'));
  return { unites: isolatesMembers(base) && !isolatesMembers({ options }) };
}

/** A bridge that was there before the first time is somebody else's. */
function planDevice(before: NetworkRecord | undefined, device: string): BridgeRecord {
  const isKnown = before?.bridge?.device === device;
  const foreignMac = isKnown ? before?.bridge?.foreignMac : foreignMacOf(device);
  return { device, ...(foreignMac === undefined ? {} : { foreignMac }) };
}

function planBlocks(
  store: NetworkStore,
  network: NetworkRecord,
  { bridge, choices }: { bridge: DefaultBridge; choices: NetworkChoices },
): AddressBlock[] {
  const { ipv6, bip6, fixedCidr, fixedCidr6, gateway, gateway6 } = choices.defaults;
  const plan = (family: Family, wanted: string | undefined, pools: readonly SubnetPool[]): AddressBlock =>
    planBlock(store, { network, family, wanted, pools, device: bridge.name });
  const four = plan(4, bridge.subnet ?? fixedCidr, choices.pools);
  const blocks = [withRouter(rangedBlock(four, fixedCidr), gateway)];
  assertIpv6(fixedCidr6, 'invalid fixed-cidr-v6: ');
  assertIpv6(bip6, 'invalid bip6: ');
  if (ipv6 !== true) return blocks;
  const six = plan(6, bip6 ?? fixedCidr6, [...choices.pools, localPool(network.id)]);
  return [...blocks, withRouter(rangedBlock(six, fixedCidr6), gateway6)];
}

function assertIpv6(text: string | undefined, where: string): void {
  if (!text) return;
  const named = (message: string, cause?: unknown): Error => invalid(`${where}${message}`, { cause });
  let cidr: Cidr;
  try {
    cidr = parseCidr(text);
  } catch (thrown) {
    throw named(messageOf(thrown), thrown);
  }
  if (cidr.family !== 6) throw named(`'${text}' is not a valid IPv6 subnet`);
  if (overlaps(cidr, parseCidr('ff00::/8'))) throw named(`multicast subnet '${text}' is not allowed`);
  if (formatCidr(cidr) !== linkLocal && overlaps(cidr, parseCidr(linkLocal)))
    throw named(`'${text}' clashes with the Link-Local prefix '${linkLocal}'`);
}

interface Planned {
  network: NetworkRecord;
  family: Family;
  /** The subnet, or the bridge's address in it. */
  wanted: string | undefined;
  pools: readonly SubnetPool[];
  device: string;
}

function planBlock(store: NetworkStore, { network, family, wanted, pools, device }: Planned): AddressBlock {
  if (wanted !== undefined) return blockOf(wanted);
  const block = network.blocks.find(({ subnet }) => familyOf(subnet) === family);
  if (block !== undefined) {
    // Nobody is on it: where another device has taken the subnet meanwhile, the network moves.
    const isMovable = store.members(network.id).length === 0;
    if (!isMovable || subnetHolder(block.subnet, device) === undefined) return { ...block, auxiliary: {} };
  }
  const found = observeLinks().find(({ name, kind }) => name === device && kind === 'bridge');
  // The device of an engine whose state is gone keeps its address.
  const address = found?.addresses.find((each) => familyOf(each) === family && !each.startsWith('fe80:'));
  if (address !== undefined && block === undefined) return blockOf(address);
  const subnet = pickSubnet(takenSubnets({ store }), pools, family);
  return { subnet, gateway: firstAddress(subnet), auxiliary: {} };
}

/** The block whose way out is another machine. Throws `invalid` for one that is not in the subnet. */
function withRouter(block: AddressBlock, router: string | undefined): AddressBlock {
  if (!router) return block;
  const { subnet } = block;
  const name = `DefaultGatewayIPv${familyOf(subnet)}`;
  if (!contains(parseCidr(subnet), router)) {
    throw invalid(`auxiliary address: (${name}:${router}) must belong to the master pool: ${subnet}`);
  }
  return { ...block, auxiliary: { [name]: canonicalAddress(router) } };
}

function blockOf(text: string): AddressBlock {
  const subnet = formatCidr(parseCidr(text));
  const own = text.split('/')[0] ?? '';
  const gateway = own === subnet.split('/')[0] ? firstAddress(subnet) : own;
  return { subnet, gateway, auxiliary: {} };
}

/** The block with addresses of `range` only; one that was there before and is named no more goes. */
function rangedBlock({ range: _, ...block }: AddressBlock, range: string | undefined): AddressBlock {
  if (range === undefined || formatCidr(parseCidr(range)) === block.subnet) return block;
  return { ...block, range: rangeIn(block.subnet, range) };
}

const optionsOf = (bridge: DefaultBridge, choices: NetworkChoices): Record<string, string> => ({
  'com.docker.network.bridge.default_bridge': 'true',
  'com.docker.network.bridge.enable_icc': String(choices.defaults.icc ?? true),
  'com.docker.network.bridge.enable_ip_masquerade': String(choices.defaults.masquerade ?? true),
  'com.docker.network.bridge.host_binding_ipv4': choices.publishAddress ?? '0.0.0.0',
  'com.docker.network.bridge.name': bridge.name,
  'com.docker.network.driver.mtu': String(choices.defaults.mtu ?? 1500),
});

function blank(name: string, driver: Driver): NetworkRecord {
  return {
    id: newId(),
    name,
    driver,
    created: nowRfc3339Nano(),
    internal: false,
    attachable: false,
    labels: {},
    options: {},
    ipamOptions: {},
    blocks: [],
  };
}
