// Ports: `-p` texts, `80/tcp` keys, ranges, and the ports column of a table.
import type { PortBinding, PortSummary } from '#shared/contract/network.ts';
import { invalid } from '#shared/errors.ts';

export type PortProtocol = 'tcp' | 'udp' | 'sctp';

/** Inclusive. */
export interface PortRange {
  start: number;
  end: number;
}

export interface PortPublish {
  /** `80/tcp` */
  port: string;
  binding: PortBinding;
}

const hint = 'a published port looks like 8080:80, 127.0.0.1:8080:80 or 5000-5010:5000-5010/udp';

function isProtocol(text: string): text is PortProtocol {
  return text === 'tcp' || text === 'udp' || text === 'sctp';
}

/** The range in `80` or `80-90`; throws `invalid`. */
export function parsePortRange(text: string): PortRange {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) throw invalid(`invalid port range: ${text.slice(0, 100)}`, { hint });
  const start = Number(match[1]);
  const end = match[2] === undefined ? start : Number(match[2]);
  if (start > 65_535 || end > 65_535) throw invalid(`port out of range: ${text}`, { hint });
  if (end < start) throw invalid(`invalid port range: ${text}`, { hint });
  return { start, end };
}

/** The number and protocol of a key such as `80/tcp` or `80`; throws `invalid`. */
export function parsePortKey(key: string): { port: number; protocol: PortProtocol } {
  const [number = '', protocol = 'tcp', ...rest] = key.split('/');
  const lower = protocol.toLowerCase();
  if (rest.length > 0 || !/^\d{1,5}$/.test(number) || Number(number) > 65_535 || Number(number) === 0) {
    throw invalid(`invalid port: ${key.slice(0, 100)}`, { hint });
  }
  if (!isProtocol(lower)) throw invalid(`invalid proto: ${protocol.slice(0, 100)}`, { hint });
  return { port: Number(number), protocol: lower };
}

/** The keys of `80`, `80/udp` or `80-82/tcp` (`--expose`, `EXPOSE`); throws `invalid`. */
export function parsePortKeys(text: string): string[] {
  const { range, protocol } = parseContainerPart(text, text);
  return numbersOf(range).map((port) => `${port}/${protocol}`);
}

/**
 * What `-p` asks for, one entry a container port: `[[address:][hostPort]:]containerPort[/protocol]`, ports may be
 * ranges of equal length. A single container port with a host range keeps the range: one of it will be taken.
 */
export function parsePortPublish(text: string): PortPublish[] {
  const { address, hostPort, containerPort } = splitPublish(text);
  const { range, protocol } = parseContainerPart(containerPort, text);
  if (hostPort === '') {
    return numbersOf(range).map((port) => ({
      port: `${port}/${protocol}`,
      binding: { HostIp: address, HostPort: '' },
    }));
  }
  const host = parseOr(hostPort, `invalid hostPort: ${hostPort.slice(0, 100)}`);
  const containerCount = range.end - range.start;
  if (containerCount === 0 && host.end > host.start) {
    return [
      {
        port: `${range.start}/${protocol}`,
        binding: { HostIp: address, HostPort: `${host.start}-${host.end}` },
      },
    ];
  }
  if (host.end - host.start !== containerCount) {
    throw invalid(`invalid ranges specified for container and host Ports: ${containerPort} and ${hostPort}`, {
      hint,
    });
  }
  return numbersOf(range).map((port, at) => ({
    port: `${port}/${protocol}`,
    binding: { HostIp: address, HostPort: String(host.start + at) },
  }));
}

function splitPublish(text: string): { address: string; hostPort: string; containerPort: string } {
  const colon = text.lastIndexOf(':');
  const containerPort = text.slice(colon + 1);
  if (containerPort === '') throw invalid(`no port specified: ${text.slice(0, 100)}<empty>`, { hint });
  if (colon < 0) return { address: '', hostPort: '', containerPort };
  const left = text.slice(0, colon);
  const inner = left.lastIndexOf(':');
  if (inner < 0 || left.endsWith(']')) {
    return left.startsWith('[') || left.includes('.')
      ? { address: parseAddress(left), hostPort: '', containerPort }
      : { address: '', hostPort: left, containerPort };
  }
  return { address: parseAddress(left.slice(0, inner)), hostPort: left.slice(inner + 1), containerPort };
}

function parseAddress(text: string): string {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  if (bare === '' || isIpv4(bare) || (bare !== text && isIpv6(bare)) || isIpv6(bare)) return bare;
  throw invalid(`invalid IP address: ${text.slice(0, 100)}`, { hint });
}

export function isIpv4(text: string): boolean {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  return match?.slice(1).every((part) => Number(part) <= 255) ?? false;
}

export function isIpv6(text: string): boolean {
  if (!/^[0-9a-fA-F:]{2,39}$/.test(text) || text.includes(':::')) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  return halves.length === 2 ? groups.length <= 7 : groups.length === 8;
}

function parseContainerPart(text: string, whole: string): { range: PortRange; protocol: PortProtocol } {
  const [ports = '', protocol = 'tcp', ...rest] = text.split('/');
  const lower = protocol.toLowerCase();
  if (ports === '') throw invalid(`no port specified: ${whole.slice(0, 100)}<empty>`, { hint });
  if (rest.length > 0 || !isProtocol(lower))
    throw invalid(`invalid proto: ${text.slice(text.indexOf('/') + 1)}`, { hint });
  const range = parseOr(ports, `invalid containerPort: ${ports.slice(0, 100)}`);
  if (range.start === 0) throw invalid(`invalid containerPort: ${ports}`, { hint });
  return { range, protocol: lower };
}

function parseOr(text: string, sentence: string): PortRange {
  try {
    return parsePortRange(text);
  } catch {
    throw invalid(sentence, { hint });
  }
}

function numbersOf(range: PortRange): number[] {
  return Array.from({ length: range.end - range.start + 1 }, (_, at) => range.start + at);
}

/** The `-p` text of one published port. */
export function formatPortPublish({ port, binding }: PortPublish): string {
  const address = binding.HostIp ?? '';
  const prefix = address === '' ? '' : `${address.includes(':') ? `[${address}]` : address}:`;
  const hostPort = binding.HostPort ?? '';
  if (prefix === '' && hostPort === '') return port;
  return `${prefix}${hostPort}:${port}`;
}

/**
 * The ports column: `0.0.0.0:5001->5000/tcp, 6000-6002/tcp`. Neighbouring ports that are published under their
 * own number, or only exposed, are shown as one range.
 */
export function formatPortSummary(ports: readonly PortSummary[]): string {
  const sorted = [...ports].sort(
    (a, b) =>
      a.PrivatePort - b.PrivatePort ||
      (a.IP ?? '').localeCompare(b.IP ?? '') ||
      (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
      a.Type.localeCompare(b.Type),
  );
  const groups: { ip: string; type: string; start: number; end: number }[] = [];
  const moved: string[] = [];
  for (const port of sorted) {
    const ip = port.PublicPort === undefined ? '' : (port.IP ?? '');
    if (port.PublicPort !== undefined && (port.PublicPort !== port.PrivatePort || ip === '')) {
      moved.push(`${hostPart(ip)}${port.PublicPort}->${port.PrivatePort}/${port.Type}`);
      continue;
    }
    const open = groups.findLast((group) => group.ip === ip && group.type === port.Type);
    if (open !== undefined && open.end + 1 === port.PrivatePort) open.end = port.PrivatePort;
    else groups.push({ ip, type: port.Type, start: port.PrivatePort, end: port.PrivatePort });
  }
  const ranges = groups.map(({ ip, type, start, end }) => {
    const range = start === end ? String(start) : `${start}-${end}`;
    return ip === '' ? `${range}/${type}` : `${hostPart(ip)}${range}->${range}/${type}`;
  });
  return [...ranges, ...moved].join(', ');
}

function hostPart(ip: string): string {
  if (ip === '') return '';
  return ip.includes(':') ? `[${ip}]:` : `${ip}:`;
}
