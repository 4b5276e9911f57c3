// Which subnet a network gets and which address a container gets.
import { conflict, invalid } from '#shared/errors.ts';
import type { BridgeRecord } from '../record.ts';
import { addressNumber, addressText, type Cidr, contains, formatCidr, overlaps, parseCidr } from './cidr.ts';

/** The subnets that are tried for a network that names none: Docker's own, in its order. */
export function automaticSubnets(): string[] {
  const large = Array.from({ length: 15 }, (_, index) => `172.${17 + index}.0.0/16`);
  const small = Array.from({ length: 16 }, (_, index) => `192.168.${index * 16}.0/20`);
  return [...large, ...small];
}

/** The first automatic subnet that none of `taken` (subnets and routes) overlaps. */
export function pickSubnet(taken: string[], candidates = automaticSubnets()): string {
  const used = taken.map(parseCidr).filter(({ prefixLength }) => prefixLength > 0);
  const free = candidates.find((text) => !used.some((other) => overlaps(other, parseCidr(text))));
  if (free === undefined) {
    throw conflict('all predefined address pools have been fully subnetted', {
      hint: 'Remove networks that are not needed, or name a subnet: --subnet 10.99.0.0/24',
    });
  }
  return free;
}

/** Throws where `subnet` overlaps one of `taken`. */
export function assertFreeSubnet(subnet: string, taken: { subnet: string; name: string }[]): void {
  const wanted = parseCidr(subnet);
  const other = taken.find((each) => overlaps(wanted, parseCidr(each.subnet)));
  if (other === undefined) return;
  throw conflict('invalid pool request: Pool overlaps with other one on this address space', {
    hint: `Network ${other.name} has ${other.subnet}.`,
  });
}

/** The gateway of a subnet that names none: its first address. */
export function firstAddress(subnet: string): string {
  return addressText(parseCidr(subnet).first + 1);
}

/** Gives addresses, the lowest free one after the last given, so that one just left is not given at once. */
export class AddressPool {
  #given = new Set<number>();
  #reserved = new Set<number>();
  #subnet: Cidr;
  #range: Cidr;
  #last: number;

  constructor(bridge: BridgeRecord, used: string[]) {
    this.#subnet = parseCidr(bridge.subnet);
    this.#range = bridge.range === undefined ? this.#subnet : parseCidr(bridge.range);
    this.#last = this.#range.first - 1;
    for (const text of [bridge.gateway, ...Object.values(bridge.auxiliary)]) {
      this.#reserved.add(addressNumber(text));
    }
    if (this.#subnet.prefixLength < 31) {
      this.#reserved.add(this.#subnet.first);
      this.#reserved.add(this.#subnet.last);
    }
    for (const text of used) this.#given.add(addressNumber(text));
    for (const number of this.#given) this.#last = Math.max(this.#last, number);
  }

  get prefixLength(): number {
    return this.#subnet.prefixLength;
  }

  /** Gives `wanted`, or the next free address. Throws `conflict` where it is taken or none is left. */
  take(wanted?: string): string {
    const number = wanted === undefined || wanted === '' ? this.#next() : this.#asked(wanted);
    this.#given.add(number);
    return addressText(number);
  }

  release(text: string): void {
    this.#given.delete(addressNumber(text));
  }

  #asked(text: string): number {
    const number = addressNumber(text);
    if (!contains(this.#subnet, number)) {
      throw invalid(`invalid address ${text}: It does not belong to any of this network's subnets`, {
        hint: `The subnet is ${formatCidr(this.#subnet)}.`,
      });
    }
    if (this.#given.has(number) || this.#reserved.has(number)) throw conflict('Address already in use');
    return number;
  }

  #next(): number {
    const { first, last } = this.#range;
    const size = last - first + 1;
    const from = contains(this.#range, this.#last) ? this.#last - first + 1 : 0;
    for (let step = 0; step < size; step++) {
      const number = first + ((from + step) % size);
      if (this.#given.has(number) || this.#reserved.has(number)) continue;
      this.#last = number;
      return number;
    }
    throw conflict("no available IPv4 addresses on this network's address pools", {
      hint: `All of ${formatCidr(this.#range)} is given away; stop containers or use a larger subnet.`,
    });
  }
}

/** A hardware address that follows from the IPv4 address, so that neighbours' caches stay right. */
export function macOf(address: string): string {
  const parts = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return ['02', '42', ...parts].join(':');
}
