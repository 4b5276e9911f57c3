// Who has a port: the socket from /proc/net, and the process that holds it.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { endianness } from 'node:os';
import { formatAddress } from '#kernel/netlink/address.ts';

export interface PortHolder {
  pid: number;
  /** The program's short name. */
  program: string;
}

const listening = '0A';

/**
 * The process whose socket stands in the way of binding `address` and `port` (addresses of 0.0.0.0 and :: stand in
 * everyone's). Undefined where none is found, or its process is out of sight. Slow (reads all of /proc): for errors.
 */
export function portHolder(protocol: 'tcp' | 'udp', address: string, port: number): PortHolder | undefined {
  const inodes = new Set([
    ...socketsAt(`/proc/net/${protocol}`, protocol, { address, port }),
    ...socketsAt(`/proc/net/${protocol}6`, protocol, { address, port }),
  ]);
  return inodes.size === 0 ? undefined : holderOf(inodes);
}

function socketsAt(file: string, protocol: string, wanted: { address: string; port: number }): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    const words = line.trim().split(/\s+/);
    const [host = '', port = ''] = (words[1] ?? '').split(':');
    if (Number.parseInt(port, 16) !== wanted.port) return [];
    if (protocol === 'tcp' && words[3] !== listening) return [];
    return standsInTheWay(host, wanted.address) ? [words[9] ?? ''] : [];
  });
}

// A socket on [::] may take the IPv4 addresses too; /proc does not tell.
function standsInTheWay(host: string, wanted: string): boolean {
  if (/^0+$/.test(host)) return true;
  const isIpv6 = host.length === 32;
  if (wanted === '0.0.0.0' || wanted === '::') return isIpv6 === (wanted === '::');
  return decodeHost(host) === wanted;
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
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'unknown';
  }
}
