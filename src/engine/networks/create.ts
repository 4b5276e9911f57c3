// Create: a network's record, its device and its rules.
import type { NetworkCreateRequest } from '#shared/contract/network.ts';
import { conflict, forbidden, invalid, notFound } from '#shared/errors.ts';
import { newId } from '#shared/notation/id.ts';
import { assertName } from '#shared/notation/name.ts';
import { nowRfc3339Nano } from '#shared/notation/time.ts';
import { Scope } from '#shared/scope.ts';
import type { Family } from './addresses/cidr.ts';
import { ensureDevice, foreignMacOf, removeDevice } from './bridge.ts';
import { planParent } from './parents.ts';
import type { BridgeRecord, NetworkRecord } from './record.ts';
import type { NetworkRoom } from './room.ts';
import {
  assertIsolated,
  assertOptions,
  familiesOf,
  isBare,
  isWithoutGateway,
  mtuOf,
} from './rules/options.ts';
import { isBridge, isJoinable } from './store.ts';
import { planBlocks } from './subnets.ts';

const deviceOption = 'com.docker.network.bridge.name';
const drivers = ['bridge', 'macvlan', 'ipvlan'] as const;
type UserDriver = (typeof drivers)[number];

/** Afterwards the network exists and containers can join it. Throws `conflict` where its name or subnet is taken. */
export async function createNetwork(
  room: NetworkRoom,
  request: NetworkCreateRequest,
): Promise<{ Id: string; Warning: string }> {
  assertCreatable(room, request);
  const network = planNetwork(room, fromConfiguration(room, request));
  await using scope = new Scope();
  room.store.putNetwork(network);
  scope.undo(() => room.store.deleteNetwork(network.id));
  if (isJoinable(network)) {
    scope.undo(() => removeDevice(network));
    ensureDevice(room, network);
  }
  if (isBridge(network)) await room.firewall.addNetwork(network);
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
  if (room.store.named(name) !== undefined) throw conflict(`network with name ${name} already exists`);
  if (request.Ingress === true) throw forbidden('Ingress network can only be global scope network');
  if (request.ConfigOnly === true) return;
  if (driver === 'host' || driver === 'null') {
    throw forbidden(`only one instance of "${driver}" network is allowed`);
  }
  if (!isUserDriver(driver)) {
    throw notFound(`plugin "${driver}" not found`, {
      hint: `The network drivers here are ${drivers.join(', ')}.`,
    });
  }
  if (request.Scope && request.Scope !== 'local') {
    throw forbidden(`cannot create a ${request.Scope} scoped network when swarm is not active`);
  }
}

const isUserDriver = (driver: string): driver is UserDriver => drivers.some((each) => each === driver);

/** The request with the settings of the network that it names for them. */
function fromConfiguration(room: NetworkRoom, request: NetworkCreateRequest): NetworkCreateRequest {
  const name = request.ConfigFrom?.Network;
  if (!name) return request;
  const from = room.store.named(name);
  if (from === undefined) throw notFound(`configuration network ${name} not found`);
  if (from.configOnly !== true) throw forbidden(`network ${name} is not a configuration network`);
  const own = [request.Options, request.Labels, request.IPAM?.Options].some(
    (each) => Object.keys(each ?? {}).length > 0,
  );
  if (own || (request.IPAM?.Config ?? []).length > 0 || request.Internal || request.EnableIPv6) {
    throw forbidden(
      'user specified configurations are not supported if the network depends on a configuration network',
    );
  }
  return {
    ...request,
    Options: from.options,
    Labels: from.labels,
    Internal: from.internal,
    ...(from.families && { EnableIPv4: from.families.includes(4) }),
    EnableIPv6: from.families?.includes(6) ?? from.blocks.some(({ subnet }) => subnet.includes(':')),
    IPAM: {
      Options: from.ipamOptions,
      Config: from.blocks.map(({ subnet, gateway, range, auxiliary }) => ({
        Subnet: subnet,
        AuxiliaryAddresses: auxiliary,
        ...(gateway === undefined ? {} : { Gateway: gateway }),
        ...(range === undefined ? {} : { IPRange: range }),
      })),
    },
  };
}

function planNetwork(room: NetworkRoom, request: NetworkCreateRequest): NetworkRecord {
  const driver = request.Driver || 'bridge';
  const configFrom = request.ConfigFrom?.Network;
  const { families, options } = familiesOf(request, {
    ...(configFrom ? {} : room.choices.defaults.networkOptions?.[driver]),
    ...request.Options,
  });
  assertOptions(options);
  const record: NetworkRecord = {
    id: newId(),
    name: request.Name,
    driver: request.ConfigOnly === true || !isUserDriver(driver) ? 'null' : driver,
    created: nowRfc3339Nano(),
    internal: request.Internal ?? false,
    attachable: request.Attachable ?? false,
    labels: request.Labels ?? {},
    options,
    ipamOptions: request.IPAM?.Options ?? {},
    blocks: [],
    ...(configFrom ? { configFrom } : {}),
  };
  if (request.ConfigOnly === true)
    return {
      ...record,
      configOnly: true,
      families,
      ...planBlocks(room, request, { families, isFree: true, needsGateway: () => false }),
    };
  return planMade(room, record, { request, families });
}

/** The network with its device and subnets. */
function planMade(
  room: NetworkRoom,
  record: NetworkRecord,
  { request, families }: { request: NetworkCreateRequest; families: Family[] },
): NetworkRecord {
  const { options } = record;
  const mtu = mtuOf(options);
  if (record.driver === 'bridge') {
    assertIsolated(record);
    const bridge = { ...planDevice(room, record), ...(mtu === undefined ? {} : { mtu }) };
    const planned = planBlocks(room, request, {
      families,
      device: bridge.device,
      isInternal: record.internal,
      needsGateway: (family) => !isWithoutGateway(record, family),
      isBare: (family) => isBare(record, family),
    });
    return { ...record, bridge, ...planned };
  }
  const { parent, internal } = planParent(room, record, mtu);
  const needsGateway = record.driver === 'macvlan' || !/^l3/.test(options['ipvlan_mode'] ?? '');
  const planned = planBlocks(room, request, { families, needsGateway: () => needsGateway });
  return { ...record, parent, internal, ...planned };
}

/** One of its own, or a bridge that is there and no other network's. */
function planDevice(room: NetworkRoom, { id, name, options }: NetworkRecord): BridgeRecord {
  const device = options[deviceOption] || `wh-${id.slice(0, 12)}`;
  if (!/^[A-Za-z0-9_.-]{1,15}$/.test(device)) throw invalid(`invalid bridge name: ${device}`);
  const other = room.store.bridges().find(({ bridge }) => bridge.device === device);
  if (other !== undefined) {
    throw forbidden(
      `cannot create network ${name} (${device}): conflicts with network ${other.name} (${device}): networks have same bridge name`,
    );
  }
  const foreignMac = foreignMacOf(device);
  return { device, ...(foreignMac === undefined ? {} : { foreignMac }) };
}
