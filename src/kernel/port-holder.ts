// Who has a port: the socket from /proc/net, and the process that holds it.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { endianness } from 'node:os';
import { basename } from 'node:path';
import { readText } from '#kernel/cgroups/files.ts';
import { addressBytes, formatAddress } from '#kernel/netlink/address.ts';

export interface PortHolder {
  pid: number;
  /** The program's short name. */
  program: string;
}

const listening = '0A';

/** Every process that has a socket on the port, with the addresses of its sockets. Slow: reads all of /proc. */
export function portHolders(protocol: 'tcp' | 'udp', port: number): (PortHolder & { address: string })[] {
  const sockets = [protocol, `${protocol}6`].flatMap((name) =>
    listSockets(`/proc/net/${name}`, protocol, port),
  );
  if (sockets.length === 0) return [];
  const byInode = new Map(sockets.map(({ inode, address }) => [`socket:[${inode}]`, address]));
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    const addresses = new Set(descriptorsOf(name).flatMap((link) => byInode.get(link) ?? []));
    return [...addresses].map((address) => ({ pid: Number(name), program: commOf(name), address }));
  });
}

/**
 * The process whose socket stands in the way of binding `address` and `port` (addresses of 0.0.0.0 and :: stand in
 * everyone's). Undefined where none is found, or its process is out of sight. Slow (reads all of /proc): for errors.
 */
export function portHolder(
  protocol: 'tcp' | 'udp' | 'sctp',
  address: string,
  port: number,
): PortHolder | undefined {
  const wanted = { address, port };
  const inodes = new Set(
    protocol === 'sctp'
      ? endpointsAt(wanted)
      : [protocol, `${protocol}6`].flatMap((name) => socketsAt(`/proc/net/${name}`, protocol, wanted)),
  );
  return inodes.size === 0 ? undefined : holderOf(inodes);
}

/** Whether a socket of this thread's network namespace has the port on all addresses of a family. */
export const isHeldEverywhere = (protocol: 'tcp' | 'udp', port: number): boolean =>
  [protocol, `${protocol}6`].some((name) =>
    listSockets(`/proc/net/${name}`, protocol, port).some(({ address }) => /^(0\.0\.0\.0|::)$/.test(address)),
  );

/** Addresses of this thread's network namespace at which a socket has the port. */
export const addressesHeld = (protocol: 'tcp' | 'udp', port: number): string[] =>
  [protocol, `${protocol}6`].flatMap((name) =>
    listSockets(`/proc/net/${name}`, protocol, port).map(({ address }) => address),
  );

function socketsAt(file: string, protocol: string, wanted: { address: string; port: number }): string[] {
  return listSockets(file, protocol, wanted.port)
    .filter(({ address }) => standsInTheWay(address, wanted.address))
    .map(({ inode }) => inode);
}

// SCTP's listening ones, in a table of its own form: … LPORT UID INODE and any number of addresses.
function endpointsAt(wanted: { address: string; port: number }): string[] {
  return (readText('/proc/net/sctp/eps') ?? '').split('\n').flatMap((line) => {
    const [port, , inode = '', ...addresses] = line.trim().split(/\s+/).slice(5);
    if (Number(port) !== wanted.port) return [];
    const plain = addresses.map((address) => formatAddress(addressBytes(address)));
    return plain.some((address) => standsInTheWay(address, wanted.address)) ? [inode] : [];
  });
}

function listSockets(file: string, protocol: string, port: number): { address: string; inode: string }[] {
  return (readText(file) ?? '').split('\n').flatMap((line) => {
    const words = line.trim().split(/\s+/);
    const [host = '', hex = ''] = (words[1] ?? '').split(':');
    if (Number.parseInt(hex, 16) !== port) return [];
    if (protocol === 'tcp' && words[3] !== listening) return [];
    return [{ address: decodeHost(host), inode: words[9] ?? '' }];
  });
}

// A socket on [::] may take the IPv4 addresses too; /proc does not tell.
function standsInTheWay(address: string, wanted: string): boolean {
  if (address === '0.0.0.0' || address === '::') return true;
  const isIpv6 = address.includes(':');
  if (wanted === '0.0.0.0' || wanted === '::') return isIpv6 === (wanted === '::');
  return address === wanted;
}

// The kernel prints addresses as numbers of 32 bits in the machine's own byte order.
function decodeHost(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  return formatAddress(endianness() === 'LE' ? bytes.swap32() : bytes);
}

function holderOf(inodes: Set<string>): PortHolder | undefined {
  const wanted = new Set([...inodes].map((inode) => `socket:[${inode}]`));
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    if (descriptorsOf(name).some((link) => wanted.has(link))) {
      const pid = Number(name);
      return { pid, program: commOf(name) };
    }
  }
  return undefined;
}

function descriptorsOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${descriptor}`)];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

function commOf(pid: string): string {
  try {
    const name = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
    // What Node calls its first thread; the program says more.
    return name === 'MainThread' ? basename(readlinkSync(`/proc/${pid}/exe`)) : name;
  } catch {
    return 'unknown';
  }
}
