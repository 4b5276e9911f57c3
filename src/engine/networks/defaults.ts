// The networks that are always there: bridge, host and none.
import { isDeepStrictEqual } from 'node:util';
import { observeLinks } from '#kernel/links.ts';
import { newId } from '#shared/notation/id.ts';
import { nowRfc3339Nano } from '#shared/notation/time.ts';
import { formatCidr, parseCidr } from './addresses/cidr.ts';
import { firstAddress, pickSubnet, type SubnetPool } from './addresses/pools.ts';
import { type AddressBlock, type Driver, defaultNetworkName, type NetworkRecord } from './record.ts';
import type { NetworkChoices } from './room.ts';
import { assertOptions } from './rules/options.ts';
import type { NetworkStore } from './store.ts';
import { rangeIn, subnetHolder, takenSubnets } from './subnets.ts';

export interface DefaultBridge {
  /** The device's name, at most 15 characters. */
  name: string;
  /** `172.20.0.1/16`: the bridge's own address and the subnet's length; default an automatic one. */
  subnet?: string;
}

/** Afterwards the three networks are recorded, each with the id it has had since the first time. */
export function ensureDefaults(store: NetworkStore, bridge: DefaultBridge, choices: NetworkChoices): void {
  const before = store.named(defaultNetworkName);
  const { mtu, fixedCidr } = choices.defaults;
  const device = { device: bridge.name, ...(mtu === undefined ? {} : { mtu }) };
  const wanted = {
    ...bridge,
    ...((bridge.subnet ?? fixedCidr) ? { subnet: bridge.subnet ?? fixedCidr ?? '' } : {}),
  };
  const blocks = [rangedBlock(planBlock(store, wanted, { before, pools: choices.pools }), fixedCidr)];
  const options = optionsOf(bridge, choices);
  assertOptions(options);
  if (before === undefined) {
    store.putNetwork({ ...blank(defaultNetworkName, 'bridge'), options, bridge: device, blocks });
  } else if (!isDeepStrictEqual([before.bridge, before.blocks, before.options], [device, blocks, options])) {
    store.putNetwork({ ...before, options, bridge: device, blocks });
  }
  if (store.named('host') === undefined) store.putNetwork(blank('host', 'host'));
  if (store.named('none') === undefined) store.putNetwork(blank('none', 'null'));
}

function planBlock(
  store: NetworkStore,
  wanted: DefaultBridge,
  { before, pools }: { before: NetworkRecord | undefined; pools: readonly SubnetPool[] },
): AddressBlock {
  if (wanted.subnet !== undefined) return blockOf(wanted.subnet);
  const [block] = before?.blocks ?? [];
  if (before !== undefined && block !== undefined) {
    // Nobody is on it: where another device has taken the subnet meanwhile, the network moves.
    const isMovable = store.members(before.id).length === 0;
    if (!isMovable || subnetHolder(block.subnet, wanted.name) === undefined) return block;
  }
  const found = observeLinks().find(({ name, kind }) => name === wanted.name && kind === 'bridge');
  // The device of an engine whose state is gone keeps its address.
  const address = found?.addresses.find((each) => !each.includes(':'));
  if (address !== undefined && block === undefined) return blockOf(address);
  const subnet = pickSubnet(takenSubnets({ store }), pools);
  return { subnet, gateway: firstAddress(subnet), auxiliary: {} };
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
