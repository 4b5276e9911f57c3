// IPv4 arithmetic: addresses as numbers, subnets, overlap. Pure.
import { invalid } from '#shared/errors.ts';
import { isIpv4 } from '#shared/notation/port.ts';

export interface Cidr {
  /** First address, as a number. */
  first: number;
  /** Last address. */
  last: number;
  prefixLength: number;
}

/** The number of `10.0.0.1`; throws `invalid`. */
export function addressNumber(text: string): number {
  if (!isIpv4(text)) throw invalid(`invalid IP address: ${text}`);
  return text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** The text of an address number. */
export function addressText(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

/** The subnet of `10.0.0.0/24`; host bits are taken away. Throws `invalid`. */
export function parseCidr(text: string): Cidr {
  const [address = '', length = ''] = text.split('/');
  const prefixLength = Number(length);
  if (!isIpv4(address) || !/^\d{1,2}$/.test(length) || prefixLength > 32) {
    throw invalid(`invalid CIDR address: ${text}`, { hint: 'A subnet looks like 172.20.0.0/16.' });
  }
  const size = 2 ** (32 - prefixLength);
  const first = Math.floor(addressNumber(address) / size) * size;
  return { first, last: first + size - 1, prefixLength };
}

/** The text that `parseCidr` reads. */
export function formatCidr(cidr: Cidr): string {
  return `${addressText(cidr.first)}/${cidr.prefixLength}`;
}

/** Whether the two have an address in common. */
export function overlaps(one: Cidr, other: Cidr): boolean {
  return one.first <= other.last && other.first <= one.last;
}

/** Whether the address lies in the subnet. */
export function contains(cidr: Cidr, address: number): boolean {
  return address >= cidr.first && address <= cidr.last;
}
