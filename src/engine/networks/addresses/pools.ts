// Which subnet a network gets that names none.
import { createHash } from 'node:crypto';
import { conflict, forbidden, invalid } from '#shared/errors.ts';
import { addressText, type Cidr, type Family, formatCidr, overlaps, parseCidr } from './cidr.ts';

/** Subnets of `2^size` parts of a base: `{ base: '10.10.0.0/16', size: 24 }` has 256 of them. */
export interface SubnetPool {
  base: string;
  /** Prefix length of each subnet. */
  size: number;
}

/** Docker's own 31, in its order; then 32,768 small ones, so that hundreds of networks find room. */
export const usualPools: SubnetPool[] = [
  ...Array.from({ length: 15 }, (_, index) => ({ base: `172.${17 + index}.0.0/16`, size: 16 })),
  { base: '192.168.0.0/16', size: 20 },
  { base: '10.128.0.0/9', size: 24 },
];

/** An engine's own block of unique local addresses (RFC 4193): 65,536 subnets that follow from `seed`. */
export function localPool(seed: string): SubnetPool {
  const hex = createHash('sha256').update(seed).digest('hex');
  return { base: `fd${hex.slice(0, 2)}:${hex.slice(2, 6)}:${hex.slice(6, 10)}::/48`, size: 64 };
}

/** Throws `invalid` for a pool that has no subnets. */
export function assertPool({ base, size }: SubnetPool): void {
  const { prefixLength, family } = parseCidr(base);
  const most = family === 4 ? 30 : 126;
  if (Number.isInteger(size) && size >= prefixLength && size <= most) return;
  throw invalid(`invalid address pool: base ${base} with size ${size}`, {
    hint: `The size of its subnets is a length from ${prefixLength} to ${most}.`,
  });
}

/** The first subnet of the pools that none of `taken` (subnets and routes) overlaps. */
export function pickSubnet(taken: string[], pools: readonly SubnetPool[], family: Family = 4): string {
  const used = taken.map(parseCidr).filter(({ prefixLength }) => prefixLength > 0);
  for (const pool of pools) {
    const base = parseCidr(pool.base);
    if (base.family !== family) continue;
    const found = pickFrom(base, pool.size, used);
    if (found !== undefined) return found;
  }
  const name = family === 4 ? '--subnet 10.99.0.0/24' : '--subnet fd00:99::/64';
  throw conflict('all predefined address pools have been fully subnetted', {
    hint: `Remove networks that are not needed, or name a subnet: ${name}`,
  });
}

// Each step goes past what stands in the way, however large: a pool of thousands costs no more than its neighbours.
function pickFrom(base: Cidr, prefixLength: number, used: Cidr[]): string | undefined {
  const size = 1n << BigInt((base.family === 4 ? 32 : 128) - prefixLength);
  const near = used.filter((each) => overlaps(each, base));
  for (let first = base.first; first + size - 1n <= base.last; ) {
    const candidate = { family: base.family, first, last: first + size - 1n, prefixLength };
    const obstacle = near.find((each) => overlaps(each, candidate));
    if (obstacle === undefined) return formatCidr(candidate);
    first += ((obstacle.last - first) / size + 1n) * size;
  }
  return undefined;
}

/** Throws where `subnet` overlaps one of `taken`. */
export function assertFreeSubnet(subnet: string, taken: { subnet: string; name: string }[]): void {
  const wanted = parseCidr(subnet);
  const other = taken.find((each) => overlaps(wanted, parseCidr(each.subnet)));
  if (other === undefined) return;
  throw forbidden('invalid pool request: Pool overlaps with other one on this address space', {
    hint: `Network ${other.name} has ${other.subnet}.`,
  });
}

/** The gateway of a subnet that names none: its first address. */
export function firstAddress(subnet: string): string {
  const { first, family } = parseCidr(subnet);
  return addressText(first + 1n, family);
}
