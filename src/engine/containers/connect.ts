// Networks of a container that exists: joining one, leaving one.
import { isDeepStrictEqual } from 'node:util';
import type { NetworkRecord } from '#engine/networks/record.ts';
import type { EndpointSettings } from '#shared/contract/network.ts';
import { invalid, notFound } from '#shared/errors.ts';
import { followNetworks } from './config/host-files.ts';
import { attachRequestOf, linksOf } from './config/network-request.ts';
import { type ContainerRecord, isUp } from './record/record.ts';
import { pathsOf, type Room } from './room.ts';

/** What a container asks of networks. */
type Asked = Pick<ContainerRecord, 'endpoints' | 'hostConfig'>;

/**
 * The container is on the network when this returns, or will be from its next start on. One that does not run is
 * refused what it could not start with; joining a network again without a wish changes nothing.
 */
export async function connectContainer(
  room: Room,
  id: string,
  join: { network: string; settings: EndpointSettings | null },
): Promise<void> {
  const record = room.store.require(id);
  const network = room.networks.resolve(join.network);
  assertOwnNetwork(record);
  if (isUp(record)) await room.networks.connect(network.id, id, join.settings);
  else room.networks.assertConnectable(network, join.settings);
  if (!isUp(record) && isOn(record, network) && !asksSomething(join.settings)) return;
  const { [network.id]: _, ...others } = record.endpoints;
  const endpoints = { ...others, [network.name]: join.settings };
  // One that has left all its networks begins anew with this one.
  const isFirst = record.hostConfig.NetworkMode === 'none';
  const hostConfig = isFirst ? { ...record.hostConfig, NetworkMode: network.name } : record.hostConfig;
  const { none: __, ...rest } = endpoints;
  await follow(room, record, { endpoints: isFirst ? rest : endpoints, hostConfig });
}

const asksSomething = (settings: EndpointSettings | null): boolean =>
  Object.values(settings ?? {}).some(
    (value) => Boolean(value) && (typeof value !== 'object' || Object.values(value).some(Boolean)),
  );

const isNamed = (reference: string | undefined, { id, name }: NetworkRecord): boolean =>
  reference === id || (reference === 'default' ? 'bridge' : reference) === name;

/** Whether it has the network, or will at its next start. */
const isOn = ({ hostConfig, endpoints }: ContainerRecord, network: NetworkRecord): boolean =>
  [hostConfig.NetworkMode ?? 'bridge', ...Object.keys(endpoints)].some((each) => isNamed(each, network));

/** The container is off the network when this returns. Throws `not-found` or `conflict` where it was not on it. */
export async function disconnectContainer(room: Room, id: string, leave: { network: string }): Promise<void> {
  const record = room.store.require(id);
  const network = room.networks.resolve(leave.network);
  if (network.driver === 'host' && record.hostConfig.NetworkMode === 'host') {
    throw invalid(
      'cannot disconnect container from host network - container was created in host network mode',
    );
  }
  assertOwnNetwork(record);
  if (isUp(record)) await room.networks.disconnect(network.id, id);
  else if (!isOn(record, network))
    throw notFound(`container ${id} is not connected to the network ${network.name}`);
  const { [network.name]: _, [network.id]: __, ...endpoints } = record.endpoints;
  const leavesMain = isNamed(record.hostConfig.NetworkMode ?? 'bridge', network);
  await follow(room, record, {
    endpoints,
    hostConfig: leavesMain ? ledBy(record, endpoints) : record.hostConfig,
  });
}

function assertOwnNetwork({ hostConfig }: ContainerRecord): void {
  const mode = hostConfig.NetworkMode ?? '';
  if (mode !== 'host' && !mode.startsWith('container:')) return;
  throw invalid(
    'container sharing network namespace with another container or host cannot be connected to any other network',
  );
}

/** The network of the mode was left: the first of the others is it now. */
const ledBy = (
  { hostConfig }: ContainerRecord,
  endpoints: ContainerRecord['endpoints'],
): ContainerRecord['hostConfig'] => ({ ...hostConfig, NetworkMode: Object.keys(endpoints)[0] ?? 'none' });

/**
 * What the networks remember of a container that runs, and its record does not: the connect or disconnect was cut off
 * before it was written down here. Afterwards the record and the files in the container tell it too.
 */
export async function followCutOff(room: Room, record: ContainerRecord): Promise<ContainerRecord> {
  const mode = record.hostConfig.NetworkMode ?? 'bridge';
  if (mode.startsWith('container:')) return record;
  const networks = room.networks.settingsOf(record.id);
  const idsOf = (each: Record<string, EndpointSettings>): string[] =>
    Object.values(each).flatMap(({ EndpointID }) => EndpointID || []);
  const isTold = isDeepStrictEqual(idsOf(record.wiring?.networks ?? {}), idsOf(networks));
  if (record.wiring !== undefined && isTold) return record;
  const main = room.networks.resolve(mode).name;
  const isBare = (main === 'host' || main === 'none') && Object.keys(networks).length === 0;
  if (isBare) return follow(room, record, { endpoints: record.endpoints, hostConfig: record.hostConfig });
  const settings = Object.entries(networks).flatMap(([name, endpoint]) => {
    const asked = record.endpoints[name] ?? record.endpoints[endpoint.NetworkID ?? ''];
    return asked === undefined && name === main ? [] : [[name, asked ?? askedOf(endpoint)] as const];
  });
  const endpoints = Object.fromEntries(settings);
  const hostConfig = main in networks ? record.hostConfig : ledBy(record, endpoints);
  return follow(room, record, { endpoints, hostConfig });
}

/** What a connect had asked for; addresses that were given for this run are not the next one's. */
const askedOf = ({
  IPAMConfig,
  Links,
  Aliases,
  DriverOpts,
  GwPriority,
}: EndpointSettings): EndpointSettings => ({
  IPAMConfig: IPAMConfig ?? null,
  Links: Links ?? null,
  Aliases: Aliases ?? null,
  DriverOpts: DriverOpts ?? null,
  GwPriority: GwPriority ?? 0,
});

/** The files first: where this is cut off, the record still shows that it is to be done again. */
async function follow(room: Room, record: ContainerRecord, asked: Asked): Promise<ContainerRecord> {
  const after = { ...record, ...asked };
  const attached = isUp(record) ? room.networks.attachedOf(attachRequestOf(room, after)) : undefined;
  if (attached === undefined) return room.store.update(record.id, asked);
  await room.networks.link(record.id, linksOf(room, after));
  const resolvConf = followNetworks(record, pathsOf(room, record.id), attached);
  const { networks, ports, sandboxKey } = attached;
  return room.store.update(record.id, { ...asked, wiring: { networks, ports, sandboxKey, resolvConf } });
}
