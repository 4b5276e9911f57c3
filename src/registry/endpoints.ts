// Where a registry is really asked: mirrors first, http only where that is allowed.
import { BlockList, isIP } from 'node:net';
import { invalid } from '#shared/errors.ts';

export interface Endpoint {
  /** Scheme, host and port, without a path. */
  origin: string;
  /** Put before `/v2/`; empty, or begins with `/`. */
  prefix: string;
  /** A mirror gets no credentials and is never pushed to. */
  mirror: boolean;
  /** The scheme is a guess: the host may be spoken to with or without TLS. */
  either?: true;
}

export interface EndpointOptions {
  /** Asked before the registry itself, in order: `URL` for docker.io's images, `REGISTRY=URL` for another's. */
  mirrors: readonly string[];
  /** `host`, `host:port` or an address block: plain http will do there, and TLS is not verified. */
  insecure: readonly string[];
}

const hub = 'docker.io';
const hubOrigin = 'https://registry-1.docker.io';

/** Endpoints of a registry in the order they are to be tried. Throws `invalid` on a mirror that is no http URL. */
export function endpointsOf(registry: string, options: EndpointOptions): Endpoint[] {
  const mirrors = options.mirrors.map(mirrorOf).filter((mirror) => mirror.registry === registry);
  return [...mirrors.map(({ endpoint }) => endpoint), homeOf(registry, options.insecure)];
}

function homeOf(registry: string, insecure: readonly string[]): Endpoint {
  if (registry === hub) return { origin: hubOrigin, prefix: '', mirror: false };
  if (!isInsecure(registry, insecure)) return { origin: `https://${registry}`, prefix: '', mirror: false };
  return { origin: `http://${registry}`, prefix: '', mirror: false, either: true };
}

function mirrorOf(text: string): { registry: string; endpoint: Endpoint } {
  const [, registry = hub, place = ''] = /^(?:([^=/?]+)=)?(.*)$/s.exec(text) ?? [];
  return { registry, endpoint: mirrorAt(place) };
}

function mirrorAt(text: string): Endpoint {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '') {
    throw invalid(`invalid mirror: ${JSON.stringify(text)} is not a valid http or https URL`);
  }
  return { origin: url.origin, prefix: url.pathname.replace(/\/+$/, ''), mirror: true };
}

/** True for this machine's own addresses. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return (
    host === 'localhost' || host.endsWith('.localhost') || isInBlock(host, '127.0.0.0/8') || host === '::1'
  );
}

/** Loopback, and what is listed. */
export function isInsecure(registry: string, insecure: readonly string[]): boolean {
  const host = registry.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  if (isLoopback(host)) return true;
  return insecure.some((entry) => entry === registry || entry === host || isInBlock(host, entry));
}

function isInBlock(host: string, block: string): boolean {
  const slash = block.indexOf('/');
  const family = isIP(host);
  const net = block.slice(0, slash);
  if (slash < 0 || family === 0 || isIP(net) !== family) return false;
  const bits = Number(block.slice(slash + 1));
  if (!Number.isInteger(bits) || bits < 0 || bits > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  const type = family === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(net, bits, type);
  return list.check(host, type);
}
