// The subnets of a network that is made: those asked for, and one of its own choice for a family without.
import { observeLinks, observeRoutes } from '#kernel/links.ts';
import type { IpamPool, NetworkCreateRequest } from '#shared/contract/network.ts';
import { conflict, invalid, notFound } from '#shared/errors.ts';
import {
  canonicalAddress,
  contains,
  type Family,
  familyOf,
  formatCidr,
  overlaps,
  parseCidr,
} from './addresses/cidr.ts';
import { assertFreeSubnet, firstAddress, localPool, pickSubnet } from './addresses/pools.ts';
import { type AddressBlock, defaultNetworkName } from './record.ts';
import type { NetworkRoom } from './room.ts';

export interface BlockChoice {
  /** Taken subnets do not matter: nothing is made of them. */
  isFree?: boolean;
  /** Whether each subnet has a gateway though none is named; default true. */
  needsGateway?: boolean;
  /** Whether the host gets an address in each subnet, so that none of its own may be there. */
  isOnHost?: boolean;
}

/** Throws `invalid` for subnets that are none, and `conflict` where one is taken. */
export function planBlocks(
  room: NetworkRoom,
  request: NetworkCreateRequest,
  choice: BlockChoice,
): AddressBlock[] {
  const driver = request.IPAM?.Driver || 'default';
  if (driver !== 'default')
    throw notFound(`plugin "${driver}" not found`, { hint: 'The ipam driver here is default.' });
  const asked = request.IPAM?.Config ?? [];
  const blocks: AddressBlock[] = [];
  for (const pool of asked) {
    if (!pool.Subnet) continue;
    const taken = choice.isFree ? [] : takenByNetworks(room);
    blocks.push(
      askedBlock(pool, pool.Subnet, { choice, taken: [...taken, ...namedAs(request.Name, blocks)] }),
    );
  }
  const has = (family: Family): boolean => blocks.some(({ subnet }) => familyOf(subnet) === family);
  const bare = asked.find(({ Subnet }) => !Subnet);
  if (request.EnableIPv4 !== false && !has(4)) blocks.unshift(automaticBlock(room, 4, bare));
  if (request.EnableIPv6 === true && !has(6)) blocks.push(automaticBlock(room, 6));
  const refused = (family: Family): boolean =>
    family === 4 ? request.EnableIPv4 === false : request.EnableIPv6 === false;
  const wanted = blocks.filter(({ subnet }) => !refused(familyOf(subnet)));
  if (wanted.length === 0) throw invalid('IPv4 or IPv6 must be enabled');
  return wanted;
}

const namedAs = (name: string, blocks: AddressBlock[]) => blocks.map(({ subnet }) => ({ name, subnet }));

function automaticBlock(room: NetworkRoom, family: Family, pool: IpamPool = {}): AddressBlock {
  const seed = room.store.named(defaultNetworkName)?.id ?? '';
  const pools = family === 4 ? room.choices.pools : [...room.choices.pools, localPool(seed)];
  const subnet = pickSubnet(takenSubnets(room), pools, family);
  const gateway = pool.Gateway ? insideOf(subnet, pool.Gateway) : firstAddress(subnet);
  return { subnet, gateway, auxiliary: {} };
}

function askedBlock(
  pool: IpamPool,
  text: string,
  { choice, taken }: { choice: BlockChoice; taken: { name: string; subnet: string }[] },
): AddressBlock {
  const cidr = parseCidr(text);
  if (cidr.last - cidr.first < 1n) throw invalid(`invalid subnet ${text}: it has no room for containers`);
  const subnet = formatCidr(cidr);
  assertFreeSubnet(subnet, taken);
  if (['224.0.0.0/4', 'ff00::/8'].some((group) => overlaps(parseCidr(group), cidr))) {
    throw invalid(`invalid subnet ${subnet}: its addresses are those of groups (multicast)`);
  }
  if (choice.isOnHost === true) assertNotHosts(subnet);
  const range = pool.IPRange ? rangeIn(subnet, pool.IPRange) : undefined;
  const named = pool.Gateway?.split('/')[0];
  const usual = choice.needsGateway === false ? undefined : firstAddress(range ?? subnet);
  const gateway = named ? insideOf(subnet, named) : usual;
  const auxiliary = Object.fromEntries(
    Object.entries(pool.AuxiliaryAddresses ?? {}).map(([name, address]) => [name, insideOf(subnet, address)]),
  );
  for (const [name, address] of Object.entries(auxiliary)) {
    if (address === gateway) {
      throw conflict(`failed to allocate secondary ip address (${name}:${address}): Address already in use`, {
        hint: 'The gateway has it.',
      });
    }
  }
  return {
    subnet,
    ...(gateway === undefined ? {} : { gateway }),
    ...(range === undefined ? {} : { range }),
    auxiliary,
  };
}

// It would have to choose between the network and its own: at its next start the engine would leave the network alone.
function assertNotHosts(subnet: string): void {
  const holder = subnetHolder(subnet, '');
  if (holder === undefined) return;
  throw conflict(`invalid pool request: Pool overlaps with other one on this address space`, {
    hint: `The device ${holder} of the host has an address in ${subnet}.`,
  });
}

/** `text` as a part of the subnet. Throws `invalid` where it is none. */
export function rangeIn(subnet: string, text: string): string {
  const range = parseCidr(text);
  const whole = parseCidr(subnet);
  if (range.family === whole.family && range.first >= whole.first && range.last <= whole.last)
    return formatCidr(range);
  throw invalid(`invalid ip-range ${text}: it is not in the subnet ${subnet}`);
}

function insideOf(subnet: string, address: string): string {
  const cidr = parseCidr(subnet);
  const canonical = canonicalAddress(address);
  if (!contains(cidr, canonical)) {
    throw invalid(`invalid network config: address ${address} is not in the subnet ${subnet}`);
  }
  return canonical;
}

const takenByNetworks = (room: NetworkRoom): { name: string; subnet: string }[] =>
  room.store.joinables().flatMap(({ name, blocks }) => namedAs(name, blocks));

/** What a new automatic subnet must not touch: the host's routes and all networks, also those without a device now. */
export function takenSubnets(room: Pick<NetworkRoom, 'store'>): string[] {
  const routes = observeRoutes().map(({ destination }) => destination);
  const blocks = room.store.joinables().flatMap((network) => network.blocks);
  return [...routes, ...blocks.map(({ subnet }) => subnet)];
}

/** Which device of the host, but for `own`, has an address in the subnet; undefined where none has. */
export function subnetHolder(subnet: string, own: string): string | undefined {
  const cidr = parseCidr(subnet);
  return observeLinks().find(
    ({ name, addresses }) =>
      name !== own && addresses.some((address) => contains(cidr, address.split('/')[0] ?? '')),
  )?.name;
}
