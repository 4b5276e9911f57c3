// Which address a container gets.
import { conflict, type EngineError, invalid, isKind } from '#shared/errors.ts';
import type { AddressBlock, EndpointAddress } from '../record.ts';
import {
  addressNumber,
  addressText,
  type Cidr,
  contains,
  type Family,
  familyOf,
  formatCidr,
  parseCidr,
} from './cidr.ts';

/** Who containers send to what is not in the subnet: the network's gateway, or the router that is named in its place. */
const wayOutOf = ({ subnet, gateway, auxiliary }: AddressBlock): string | undefined =>
  auxiliary[`DefaultGatewayIPv${familyOf(subnet)}`] ?? gateway;

/** Gives addresses of one subnet, the lowest free one after the last given, so that one just left is not given at once. */
export class AddressPool {
  readonly subnet: Cidr;
  readonly gateway: string | undefined;
  #given = new Set<bigint>();
  #reserved = new Set<bigint>();
  #range: Cidr;
  #last: bigint;

  constructor(block: AddressBlock, used: string[]) {
    this.subnet = parseCidr(block.subnet);
    this.gateway = wayOutOf(block);
    this.#range = block.range === undefined ? this.subnet : parseCidr(block.range);
    this.#last = this.#range.first - 1n;
    const gateways = block.gateway === undefined ? [] : [block.gateway];
    for (const text of [...gateways, ...Object.values(block.auxiliary)])
      this.#reserved.add(addressNumber(text));
    const { family, first, last, prefixLength } = this.subnet;
    if (prefixLength < (family === 4 ? 31 : 127)) {
      this.#reserved.add(first);
      // IPv6 has no broadcast.
      if (family === 4) this.#reserved.add(last);
    }
    for (const text of used.filter((each) => contains(this.subnet, each))) {
      const number = addressNumber(text);
      this.#given.add(number);
      if (contains(this.#range, text) && number > this.#last) this.#last = number;
    }
  }

  /** Gives `wanted`, or the next free address. Throws `conflict` where it is taken or none is left. */
  take(wanted?: string): string {
    const number = wanted === undefined || wanted === '' ? this.#next() : this.#asked(wanted);
    this.#given.add(number);
    return addressText(number, this.subnet.family);
  }

  /** An address of another subnet is none of ours. */
  release(text: string): void {
    if (contains(this.subnet, text)) this.#given.delete(addressNumber(text));
  }

  #asked(text: string): bigint {
    const number = addressNumber(text);
    if (this.#given.has(number) || this.#reserved.has(number)) throw conflict('Address already in use');
    return number;
  }

  #next(): bigint {
    const { first, last } = this.#range;
    const size = last - first + 1n;
    const from = this.#last >= first && this.#last <= last ? this.#last - first + 1n : 0n;
    for (let step = 0n; step < size; step++) {
      const number = first + ((from + step) % size);
      if (this.#given.has(number) || this.#reserved.has(number)) continue;
      this.#last = number;
      return number;
    }
    throw conflict(`no available IPv${this.subnet.family} addresses on this network's address pools`, {
      hint: `All of ${formatCidr(this.#range)} is given away; stop containers or use a larger subnet.`,
    });
  }
}

/** An address of the family from the first pool that has one, or the one that is wanted. */
export function takeAddress(pools: AddressPool[], family: Family, wanted?: string): EndpointAddress {
  const own = pools.filter(({ subnet }) => subnet.family === family);
  if (wanted) return takeWanted(own, wanted);
  for (const [index, pool] of own.entries()) {
    try {
      return addressOf(pool, pool.take());
    } catch (thrown) {
      if (index === own.length - 1 || !isKind(thrown, 'conflict')) throw thrown;
    }
  }
  throw conflict(`no available IPv${family} addresses on this network's address pools`);
}

function takeWanted(pools: AddressPool[], wanted: string): EndpointAddress {
  const pool = pools.find(({ subnet }) => contains(subnet, wanted));
  if (pool !== undefined) return addressOf(pool, pool.take(wanted));
  throw strange(
    wanted,
    pools.map(({ subnet }) => subnet),
  );
}

/** The refusal of an address that lies in none of a network's subnets of its family. */
export function strange(wanted: string, of: Cidr[]): EngineError {
  const subnets = of.map(formatCidr).join(' and ');
  return invalid(`invalid address ${wanted}: It does not belong to any of this network's subnets`, {
    hint: subnets === '' ? 'The network has no subnet of that family.' : `The subnet is ${subnets}.`,
  });
}

const addressOf = ({ subnet, gateway }: AddressPool, address: string): EndpointAddress => ({
  address,
  prefixLength: subnet.prefixLength,
  ...(gateway === undefined ? {} : { gateway }),
});

/** A hardware address that follows from the IP address, so that neighbours' caches stay right. */
export function macOf(address: string): string {
  const digits = addressNumber(address).toString(16).padStart(8, '0').slice(-8);
  return ['02', '42', ...(digits.match(/../g) ?? [])].join(':');
}
