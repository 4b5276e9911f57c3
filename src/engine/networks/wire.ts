// An endpoint in the kernel: the veth pair between a container's namespace and a bridge.
import { attachVeth } from '#kernel/links.ts';
import type { EndpointSettings } from '#shared/contract/network.ts';
import { isKind } from '#shared/errors.ts';
import { newId } from '#shared/notation/id.ts';
import { macOf } from './addresses/ipam.ts';
import { ensureDevice } from './bridge.ts';
import { namesOf } from './names.ts';
import type { Endpoint, Sandbox } from './record.ts';
import type { NetworkRoom } from './room.ts';
import { type BridgeNetwork, isBridge } from './store.ts';

export interface EndpointChoice {
  network: BridgeNetwork;
  settings: EndpointSettings;
  /** `eth0`, … */
  link: string;
  isDefaultRoute: boolean;
}

/** An endpoint with an address of the network's pool, which is the caller's to release. Nothing is made yet. */
export function planEndpoint(room: NetworkRoom, choice: EndpointChoice): Endpoint {
  const { network, settings } = choice;
  const pool = room.pool(network);
  const address = pool.take(settings.IPAMConfig?.IPv4Address);
  const id = newId();
  return {
    id,
    networkId: network.id,
    networkName: network.name,
    link: choice.link,
    hostLink: `wv${id.slice(0, 12)}`,
    address,
    prefixLength: pool.prefixLength,
    mac: settings.MacAddress?.replaceAll('-', ':').toLowerCase() || macOf(address),
    isDefaultRoute: choice.isDefaultRoute,
    settings,
  };
}

/** Afterwards the container's namespace has the endpoint's link, configured. */
export function wireEndpoint(room: NetworkRoom, sandbox: Sandbox, endpoint: Endpoint): void {
  const network = room.store.resolve(endpoint.networkId);
  if (!isBridge(network)) return;
  const { bridge } = network;
  const wire = (): void => {
    attachVeth({
      netns: sandbox.netnsPath,
      bridge: bridge.device,
      hostName: endpoint.hostLink,
      name: endpoint.link,
      mac: endpoint.mac,
      addresses: [`${endpoint.address}/${endpoint.prefixLength}`],
      ...(endpoint.isDefaultRoute ? { gateway: bridge.gateway } : {}),
      // A reflected broadcast is of use to nobody but a container that asks its own published port.
      hairpin: sandbox.ports.some(({ containerAddress }) => containerAddress === endpoint.address),
      ...(bridge.mtu === undefined ? {} : { mtu: bridge.mtu }),
    });
  };
  try {
    wire();
  } catch (thrown) {
    // Someone deleted the bridge: it is made again rather than checked before each start.
    if (!isKind(thrown, 'conflict')) throw thrown;
    ensureDevice(network);
    wire();
  }
}

/** An endpoint as inspect shows it. */
export function settingsOf(room: NetworkRoom, sandbox: Sandbox, endpoint: Endpoint): EndpointSettings {
  const network = room.store.byId(endpoint.networkId);
  return {
    IPAMConfig: endpoint.settings.IPAMConfig ?? null,
    Links: endpoint.settings.Links ?? null,
    Aliases: endpoint.settings.Aliases ?? null,
    DriverOpts: endpoint.settings.DriverOpts ?? null,
    GwPriority: endpoint.settings.GwPriority ?? 0,
    NetworkID: endpoint.networkId,
    EndpointID: endpoint.id,
    Gateway: network?.internal === true ? '' : (network?.bridge?.gateway ?? ''),
    IPAddress: endpoint.address,
    IPPrefixLen: endpoint.prefixLength,
    MacAddress: endpoint.mac,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    DNSNames: network?.name === 'bridge' ? null : namesOf(sandbox, endpoint),
  };
}
