// Sockets that Node does not know: SCTP's.
import { closeSync } from 'node:fs';
import { bind } from '#kernel/libc.ts';
import { addressBytes } from '#kernel/netlink/address.ts';

const socketCall = bind('socket', 'int', ['int', 'int', 'int']);
const bindCall = bind('bind', 'int', ['int', 'void *', 'uint32']);
const setsockopt = bind('setsockopt', 'int', ['int', 'int', 'int', 'void *', 'uint32']);
const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const SOCK_STREAM_CLOEXEC = 1 | 0x80000;
const IPPROTO_SCTP = 132;

/** Whether the kernel speaks SCTP; asking loads its module where there is one. */
export function hasSctp(): boolean {
  try {
    closeSync(socketCall(AF_INET, SOCK_STREAM_CLOEXEC, IPPROTO_SCTP));
    return true;
  } catch {
    return false;
  }
}

export interface HeldPort {
  /** Gives the port back. */
  close(): void;
}

/** Afterwards no other program can take the port of SCTP at this address, until it is closed. Throws the kernel's error. */
export function holdSctp(address: string, port: number): HeldPort {
  const bytes = addressBytes(address);
  const isIpv4 = bytes.length === 4;
  const descriptor = socketCall(isIpv4 ? AF_INET : AF_INET6, SOCK_STREAM_CLOEXEC, IPPROTO_SCTP);
  try {
    if (!isIpv4) setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, Buffer.from([1, 0, 0, 0]), 4);
    // struct sockaddr_in and sockaddr_in6.
    const place = Buffer.alloc(isIpv4 ? 16 : 28);
    place.writeUInt16LE(isIpv4 ? AF_INET : AF_INET6, 0);
    place.writeUInt16BE(port, 2);
    bytes.copy(place, isIpv4 ? 4 : 8);
    bindCall(descriptor, place, place.length);
  } catch (thrown) {
    closeSync(descriptor);
    throw thrown;
  }
  return { close: () => closeSync(descriptor) };
}
