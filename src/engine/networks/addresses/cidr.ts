// Arithmetic of IPv4 and IPv6: addresses as numbers, subnets, overlap. Pure.
import { addressBytes, formatAddress } from '#kernel/netlink/address.ts';
import { invalid } from '#shared/errors.ts';

export type Family = 4 | 6;

export interface Cidr {
  family: Family;
  /** First address, as a number. */
  first: bigint;
  /** Last address. */
  last: bigint;
  prefixLength: number;
}

/** Of an address or subnet as text. */
export const familyOf = (text: string): Family => (text.includes(':') ? 6 : 4);

const bitsOf = (family: Family): number => (family === 4 ? 32 : 128);

/** The number of `10.0.0.1` or `fd00::1`; throws `invalid`. */
export function addressNumber(text: string): bigint {
  return BigInt(`0x${addressBytes(text).toString('hex')}`);
}

/** The text of an address number. */
export function addressText(number: bigint, family: Family): string {
  return formatAddress(Buffer.from(number.toString(16).padStart(bitsOf(family) / 4, '0'), 'hex'));
}

/** The one way in which an address is written here; throws `invalid`. */
export const canonicalAddress = (text: string): string => addressText(addressNumber(text), familyOf(text));

/** The subnet of `10.0.0.0/24`; host bits are taken away. Throws `invalid`. */
export function parseCidr(text: string): Cidr {
  const [address = '', length = ''] = text.split('/');
  const family = familyOf(text);
  const prefixLength = Number(length);
  if (!/^\d{1,3}$/.test(length) || prefixLength > bitsOf(family)) throw notCidr(text);
  let number: bigint;
  try {
    number = addressNumber(address);
  } catch {
    throw notCidr(text);
  }
  const size = 1n << BigInt(bitsOf(family) - prefixLength);
  const first = number - (number % size);
  return { family, first, last: first + size - 1n, prefixLength };
}

const notCidr = (text: string): Error =>
  invalid(`invalid CIDR address: ${text}`, { hint: 'A subnet looks like 172.20.0.0/16 or fd00:1::/64.' });

/** The text that `parseCidr` reads. */
export function formatCidr(cidr: Cidr): string {
  return `${addressText(cidr.first, cidr.family)}/${cidr.prefixLength}`;
}

/** Whether the two have an address in common. */
export function overlaps(one: Cidr, other: Cidr): boolean {
  return one.family === other.family && one.first <= other.last && other.first <= one.last;
}

/** Whether the address lies in the subnet. */
export function contains(cidr: Cidr, address: string): boolean {
  if (familyOf(address) !== cidr.family) return false;
  const number = addressNumber(address);
  return number >= cidr.first && number <= cidr.last;
}
