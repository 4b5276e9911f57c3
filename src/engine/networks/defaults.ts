// The networks that are always there: bridge, host and none.
import { observeLinks } from '#kernel/links.ts';
import { newId } from '#shared/notation/id.ts';
import { nowRfc3339Nano } from '#shared/notation/time.ts';
import { formatCidr, parseCidr } from './addresses/cidr.ts';
import { firstAddress, pickSubnet } from './addresses/ipam.ts';
import { takenSubnets } from './create.ts';
import { type BridgeRecord, type Driver, defaultNetworkName, type NetworkRecord } from './record.ts';
import type { NetworkStore } from './store.ts';

export interface DefaultBridge {
  /** The device's name, at most 15 characters. */
  name: string;
  /** `172.20.0.1/16`: the bridge's own address and the subnet's length; default an automatic one. */
  subnet?: string;
}

/** Afterwards the three networks are recorded, each with the id it has had since the first time. */
export function ensureDefaults(store: NetworkStore, bridge: DefaultBridge): void {
  const before = store.named(defaultNetworkName);
  const planned = planBridge(store, bridge, before?.bridge);
  if (before === undefined) {
    store.putNetwork({ ...blank(defaultNetworkName, 'bridge'), options: optionsOf(bridge), bridge: planned });
  } else if (JSON.stringify(before.bridge) !== JSON.stringify(planned)) {
    store.putNetwork({ ...before, options: optionsOf(bridge), bridge: planned });
  }
  if (store.named('host') === undefined) store.putNetwork(blank('host', 'host'));
  if (store.named('none') === undefined) store.putNetwork(blank('none', 'null'));
}

function planBridge(
  store: NetworkStore,
  wanted: DefaultBridge,
  before: BridgeRecord | undefined,
): BridgeRecord {
  const device = wanted.name;
  if (wanted.subnet !== undefined) {
    const subnet = formatCidr(parseCidr(wanted.subnet));
    const own = wanted.subnet.split('/')[0] ?? '';
    const gateway = own === subnet.split('/')[0] ? firstAddress(subnet) : own;
    return { device, subnet, gateway, auxiliary: {} };
  }
  if (before !== undefined) return { ...before, device };
  const found = observeLinks().find(({ name, kind }) => name === device && kind === 'bridge');
  // The device of an engine whose state is gone keeps its address.
  const address = found?.addresses.find((each) => !each.includes(':'));
  if (address !== undefined) return planBridge(store, { name: device, subnet: address }, undefined);
  const subnet = pickSubnet(takenSubnets({ store }));
  return { device, subnet, gateway: firstAddress(subnet), auxiliary: {} };
}

const optionsOf = (bridge: DefaultBridge): Record<string, string> => ({
  'com.docker.network.bridge.default_bridge': 'true',
  'com.docker.network.bridge.enable_icc': 'true',
  'com.docker.network.bridge.enable_ip_masquerade': 'true',
  'com.docker.network.bridge.host_binding_ipv4': '0.0.0.0',
  'com.docker.network.bridge.name': bridge.name,
  'com.docker.network.driver.mtu': '1500',
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
  };
}
