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
}

export interface EndpointOptions {
  /** URLs asked for docker.io's images before docker.io, in order. */
  mirrors: readonly string[];
  /** `host`, `host:port` or an address block, spoken to over plain http. */
  insecure: readonly string[];
}

const hub = 'docker.io';
const hubOrigin = 'https://registry-1.docker.io';

/** Endpoints of a registry in the order they are to be tried. Throws `invalid` on a mirror that is no http URL. */
export function endpointsOf(registry: string, options: EndpointOptions): Endpoint[] {
  if (registry !== hub) {
    const scheme = isPlain(registry, options.insecure) ? 'http' : 'https';
    return [{ origin: `${scheme}://${registry}`, prefix: '', mirror: false }];
  }
  return [...options.mirrors.map(mirrorOf), { origin: hubOrigin, prefix: '', mirror: false }];
}

function mirrorOf(text: string): Endpoint {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '') {
    throw invalid(`invalid mirror: ${JSON.stringify(text)} is not a valid http or https URL`);
  }
  return { origin: url.origin, prefix: url.pathname.replace(/\/+$/, ''), mirror: true };
}

function isPlain(registry: string, insecure: readonly string[]): boolean {
  const host = registry.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  if (isInBlock(host, '127.0.0.0/8') || host === '::1') return true;
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
