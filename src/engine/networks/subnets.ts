// The subnets of a network that is made: those asked for, and one of its own choice for a family without.
import { observeLinks, observeRoutes } from '#kernel/links.ts';
import type { IpamPool, NetworkCreateRequest } from '#shared/contract/network.ts';
import { conflict, invalid, notFound } from '#shared/errors.ts';
import {
  addressNumber,
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
  /** That the network has; subnets of another are told and nothing else. */
  families: readonly Family[];
  /** Taken subnets do not matter, and none is added: nothing is made of them. */
  isFree?: boolean;
  /** Whether each subnet has a gateway though none is named; default true. */
  needsGateway?: (family: Family) => boolean;
  /** Whether the host gets no address in the subnets, though it might. */
  isBare?: (family: Family) => boolean;
  /** Whether nothing leads out of it. */
  isInternal?: boolean;
  /** The device that gets an address in each subnet, so that no other of the host may have one there. */
  device?: string;
}

/** Throws `invalid` for subnets that are none, and `conflict` where one is taken. */
export function planBlocks(
  room: NetworkRoom,
  request: NetworkCreateRequest,
  choice: BlockChoice,
): { blocks: AddressBlock[]; idle?: AddressBlock[] } {
  const driver = request.IPAM?.Driver || 'default';
  if (driver !== 'default')
    throw notFound(`plugin "${driver}" not found`, { hint: 'The ipam driver here is default.' });
  const asked = request.IPAM?.Config ?? [];
  const [blocks, idle]: [AddressBlock[], AddressBlock[]] = [[], []];
  for (const pool of asked) {
    if (!pool.Subnet) continue;
    if (!choice.families.includes(familyOf(pool.Subnet))) {
      idle.push(idleBlock(pool, pool.Subnet));
      continue;
    }
    const taken = choice.isFree ? [] : takenByNetworks(room);
    blocks.push(
      askedBlock(pool, pool.Subnet, { choice, taken: [...taken, ...namedAs(request.Name, blocks)] }),
    );
  }
  const lacks = (family: Family): boolean =>
    choice.isFree !== true &&
    choice.families.includes(family) &&
    !blocks.some(({ subnet }) => familyOf(subnet) === family);
  const bare = asked.find(({ Subnet }) => !Subnet);
  if (lacks(4)) blocks.unshift(automaticBlock(room, choice, { family: 4, ...(bare && { pool: bare }) }));
  if (lacks(6)) blocks.push(automaticBlock(room, choice, { family: 6 }));
  return { blocks, ...(idle.length === 0 ? {} : { idle }) };
}

const namedAs = (name: string, blocks: AddressBlock[]) => blocks.map(({ subnet }) => ({ name, subnet }));

function automaticBlock(
  room: NetworkRoom,
  choice: BlockChoice,
  { family, pool = {} }: { family: Family; pool?: IpamPool },
): AddressBlock {
  const seed = room.store.named(defaultNetworkName)?.id ?? '';
  const pools = family === 4 ? room.choices.pools : [...room.choices.pools, localPool(seed)];
  const subnet = pickSubnet(takenSubnets(room), pools, family);
  return {
    subnet,
    ...gatewayOf(subnet, { named: pool.Gateway, usual: firstAddress(subnet), choice }),
    auxiliary: {},
  };
}

/** What is said of the subnet's gateway: the one that is named, or where the network needs one the usual one. */
function gatewayOf(
  subnet: string,
  { named, usual, choice }: { named: string | undefined; usual: string; choice: BlockChoice },
): Pick<AddressBlock, 'gateway' | 'isBare'> {
  const family = familyOf(subnet);
  const text = named?.split('/')[0];
  const needed = (choice.needsGateway?.(family) ?? true) ? usual : undefined;
  const gateway = text ? usableIn(subnet, text) : needed;
  return {
    ...(gateway === undefined ? {} : { gateway }),
    ...(choice.isBare?.(family) ? { isBare: true } : {}),
  };
}

function idleBlock(pool: IpamPool, text: string): AddressBlock {
  return {
    subnet: formatCidr(parseCidr(text)),
    ...(pool.Gateway ? { gateway: pool.Gateway } : {}),
    ...(pool.IPRange ? { range: pool.IPRange } : {}),
    auxiliary: pool.AuxiliaryAddresses ?? {},
  };
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
  const range = pool.IPRange ? rangeIn(subnet, pool.IPRange) : undefined;
  const usual = firstAddress(range ?? subnet);
  const place = gatewayOf(subnet, { named: pool.Gateway, usual, choice });
  if (choice.device !== undefined && place.isBare !== true) assertNotHosts(subnet, choice.device);
  assertBesideLinkLocal(subnet, place.gateway ?? usual);
  const auxiliary = Object.fromEntries(
    Object.entries(pool.AuxiliaryAddresses ?? {}).map(([name, address]) => [name, insideOf(subnet, address)]),
  );
  for (const [name, address] of Object.entries(auxiliary)) {
    if (address === place.gateway) {
      throw conflict(`failed to allocate secondary ip address (${name}:${address}): Address already in use`, {
        hint: 'The gateway has it.',
      });
    }
  }
  if (choice.isInternal && Object.keys(auxiliary).some((name) => /^DefaultGatewayIPv[46]$/.test(name)))
    throw invalid('no gateway can be set on an internal bridge network');
  return { subnet, ...place, ...(range === undefined ? {} : { range }), auxiliary };
}

// Every link has addresses of fe80::/64, whose length the kernel gives them.
function assertBesideLinkLocal(subnet: string, gateway: string): void {
  const local = 'fe80::/64';
  if (subnet === local || !overlaps(parseCidr(local), parseCidr(subnet))) return;
  const length = parseCidr(subnet).prefixLength;
  throw invalid(`'${gateway}/${length}' clashes with the Link-Local prefix '${local}'`);
}

// It would have to choose between the network and its own: at its next start the engine would leave the network alone.
function assertNotHosts(subnet: string, device: string): void {
  const holder = subnetHolder(subnet, device);
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

/** As `insideOf`; not the subnet's own address, nor the one of all in it. */
function usableIn(subnet: string, address: string): string {
  const canonical = insideOf(subnet, address);
  const { first, last, family, prefixLength } = parseCidr(subnet);
  const number = addressNumber(canonical);
  const isNobodys = number === first || (family === 4 && number === last);
  if (!isNobodys || prefixLength >= (family === 4 ? 31 : 127)) return canonical;
  throw conflict(`failed to allocate gateway (${canonical}): Address already in use`, {
    hint: 'The first and the last address of a subnet are nobody’s.',
  });
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
