// Create: a network's record, its bridge and its rules.
import { observeLinks, observeRoutes } from '#kernel/links.ts';
import type { IpamPool, NetworkCreateRequest } from '#shared/contract/network.ts';
import { conflict, forbidden, invalid, unsupported } from '#shared/errors.ts';
import { newId } from '#shared/notation/id.ts';
import { assertName } from '#shared/notation/name.ts';
import { nowRfc3339Nano } from '#shared/notation/time.ts';
import { Scope } from '#shared/scope.ts';
import { addressNumber, contains, formatCidr, parseCidr } from './addresses/cidr.ts';
import { assertFreeSubnet, firstAddress, pickSubnet } from './addresses/ipam.ts';
import { ensureDevice, removeDevice } from './bridge.ts';
import type { BridgeRecord, NetworkRecord } from './record.ts';
import type { NetworkRoom } from './room.ts';
import type { BridgeNetwork } from './store.ts';

const deviceOption = 'com.docker.network.bridge.name';
const mtuOption = 'com.docker.network.driver.mtu';

/** Afterwards the network exists and containers can join it. Throws `conflict` where its name or subnet is taken. */
export async function createNetwork(
  room: NetworkRoom,
  request: NetworkCreateRequest,
): Promise<{ Id: string; Warning: string }> {
  assertCreatable(room, request);
  const network = planNetwork(room, request);
  await using scope = new Scope();
  room.store.putNetwork(network);
  scope.undo(() => room.store.deleteNetwork(network.id));
  ensureDevice(network);
  scope.undo(() => removeDevice(network));
  await room.firewall.add({ bridges: [network] });
  scope.keep();
  room.events.emit('network', 'create', network.id, { name: network.name, type: network.driver });
  return { Id: network.id, Warning: '' };
}

function assertCreatable(room: NetworkRoom, request: NetworkCreateRequest): void {
  const { Name: name } = request;
  const driver = request.Driver || 'bridge';
  if (['bridge', 'host', 'none', 'default'].includes(name) || name.startsWith('container:')) {
    throw forbidden(`operation is not permitted on predefined ${name} network`);
  }
  assertName('network', name);
  if (driver === 'host' || driver === 'null') {
    throw forbidden(`only one instance of "${driver}" network is allowed`);
  }
  if (driver !== 'bridge') {
    throw unsupported(`could not find plugin ${driver} in v1 plugin registry: plugin not found`, {
      hint: 'The network driver here is bridge.',
    });
  }
  if (request.EnableIPv6 === true) throw unsupported('IPv6 networks are not supported');
  if (room.store.named(name) !== undefined) throw conflict(`network with name ${name} already exists`);
}

function planNetwork(room: NetworkRoom, request: NetworkCreateRequest): BridgeNetwork {
  const id = newId();
  const options = request.Options ?? {};
  const device = options[deviceOption] ?? `wh-${id.slice(0, 12)}`;
  if (!/^[A-Za-z0-9_-]{1,15}$/.test(device)) throw invalid(`invalid bridge name: ${device}`);
  if (observeLinks().some(({ name }) => name === device)) {
    throw conflict(`a network device named ${device} exists already`);
  }
  const record: NetworkRecord = {
    id,
    name: request.Name,
    driver: 'bridge',
    created: nowRfc3339Nano(),
    internal: request.Internal ?? false,
    attachable: request.Attachable ?? false,
    labels: request.Labels ?? {},
    options,
    ipamOptions: request.IPAM?.Options ?? {},
  };
  const mtu = Number(options[mtuOption]);
  const bridge = { ...planSubnet(room, request), device };
  return { ...record, bridge: mtu > 0 ? { ...bridge, mtu } : bridge };
}

function planSubnet(room: NetworkRoom, request: NetworkCreateRequest): Omit<BridgeRecord, 'device'> {
  const driver = request.IPAM?.Driver || 'default';
  if (driver !== 'default') throw unsupported(`ipam driver ${driver} is not supported`);
  const pools = (request.IPAM?.Config ?? []).filter(({ Subnet }) => !Subnet?.includes(':'));
  const [pool] = pools;
  if (pools.length > 1) throw unsupported("bridge driver doesn't support multiple subnets");
  if (!pool?.Subnet) {
    const subnet = pickSubnet(takenSubnets(room));
    return { subnet, gateway: pool?.Gateway || firstAddress(subnet), auxiliary: {} };
  }
  return askedSubnet(room, pool, pool.Subnet);
}

function askedSubnet(room: NetworkRoom, pool: IpamPool, text: string): Omit<BridgeRecord, 'device'> {
  const subnet = formatCidr(parseCidr(text));
  const taken = room.store.bridges().map(({ name, bridge }) => ({ name, subnet: bridge.subnet }));
  assertFreeSubnet(subnet, taken);
  const gateway = pool.Gateway?.split('/')[0] || firstAddress(pool.IPRange || subnet);
  const auxiliary = pool.AuxiliaryAddresses ?? {};
  for (const address of [gateway, ...Object.values(auxiliary)]) assertInside(subnet, address);
  if (!pool.IPRange) return { subnet, gateway, auxiliary };
  const range = parseCidr(pool.IPRange);
  assertInside(subnet, pool.IPRange.split('/')[0] ?? '');
  return { subnet, gateway, auxiliary, range: formatCidr(range) };
}

function assertInside(subnet: string, address: string): void {
  if (contains(parseCidr(subnet), addressNumber(address))) return;
  throw invalid(`invalid network config: address ${address} is not in the subnet ${subnet}`);
}

/** What a new automatic subnet must not touch: the host's routes and all networks, also those without a device now. */
export function takenSubnets(room: Pick<NetworkRoom, 'store'>): string[] {
  const routes = observeRoutes().map(({ destination }) => destination);
  return [...routes, ...room.store.bridges().map(({ bridge }) => bridge.subnet)];
}
