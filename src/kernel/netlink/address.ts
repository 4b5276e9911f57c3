// Addresses between their texts and the bytes that netlink carries.
import { isIPv4, isIPv6 } from 'node:net';
import { invalid } from '#shared/errors.ts';

export interface InterfaceAddress {
  /** 2 is IPv4, 10 is IPv6. */
  family: 2 | 10;
  bytes: Buffer;
  prefixLength: number;
}

/** An address (`10.0.0.1`) as bytes in network order; throws `invalid` for anything else. */
export function addressBytes(text: string): Buffer {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  if (isIPv6(text)) return ipv6Bytes(text);
  throw invalid(`invalid IP address: ${text}`);
}

function ipv6Bytes(text: string): Buffer {
  const [head = '', tail] = text.replace(/%.*$/, '').split('::');
  const front = groupsOf(head);
  const back = tail === undefined ? [] : groupsOf(tail);
  const groups = [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back];
  const bytes = Buffer.alloc(16);
  for (const [index, group] of groups.entries()) bytes.writeUInt16BE(group, index * 2);
  return bytes;
}

function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

/** `10.0.0.1/16` taken apart; without a length it is a host address. */
export function parseInterfaceAddress(text: string): InterfaceAddress {
  const [address = '', length] = text.split('/');
  const bytes = addressBytes(address);
  const bits = bytes.length * 8;
  const prefixLength = length === undefined ? bits : Number(length);
  if (!Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > bits) {
    throw invalid(`invalid CIDR address: ${text}`);
  }
  return { family: bytes.length === 4 ? 2 : 10, bytes, prefixLength };
}

/** The text of an address given as bytes. */
export function formatAddress(bytes: Buffer): string {
  if (bytes.length === 4) return [...bytes].join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** `02:42:ac:11:00:02` as bytes. */
export function macBytes(text: string): Buffer {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)) throw invalid(`invalid MAC address: ${text}`);
  return Buffer.from(text.replaceAll(':', ''), 'hex');
}

/** The text of a hardware address. */
export function formatMac(bytes: Buffer | undefined): string {
  return bytes === undefined ? '' : [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
