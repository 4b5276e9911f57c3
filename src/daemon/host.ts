// Where a daemon listens: the text of `--host`, and what may not be listened on.
import { invalid } from '#shared/errors.ts';

export type Host = { kind: 'unix'; path: string } | { kind: 'tcp'; address: string; port: number };

/** `unix:///run/x.sock` or `tcp://127.0.0.1:2375`. Throws `invalid` for anything else. */
export function parseHost(text: string): Host {
  if (text.startsWith('unix://')) {
    const path = text.slice('unix://'.length);
    if (!path.startsWith('/')) throw invalid(`invalid host ${text}: the socket's path must be absolute`);
    // sockaddr_un holds 108 bytes with the closing zero (unix(7)).
    if (Buffer.byteLength(path) > 107)
      throw invalid(`invalid host ${text}: the socket's path is longer than 107 bytes`);
    return { kind: 'unix', path };
  }
  const tcp = /^tcp:\/\/(?:\[([0-9a-f:.]+)\]|([^:[\]/]*)):(\d{1,5})\/?$/i.exec(text);
  const port = Number(tcp?.[3]);
  if (tcp === null || port > 65_535) {
    throw invalid(`invalid host ${text}`, { hint: 'use unix:///path/to.sock or tcp://127.0.0.1:2375' });
  }
  return { kind: 'tcp', address: tcp[1] ?? (tcp[2] || '127.0.0.1'), port };
}

/** Throws `invalid` where anybody on the network could reach an engine that asks for no credentials. */
export function assertSafe(host: Host, allowInsecureTcp: boolean): void {
  if (host.kind === 'unix' || allowInsecureTcp || isLoopback(host.address)) return;
  throw invalid(
    `refusing to listen on tcp://${host.address}:${host.port} without TLS: it would give root to the network`,
    {
      hint: 'use an address of 127.0.0.0/8, or --allow-insecure-tcp where the network is trusted',
    },
  );
}

const isLoopback = (address: string): boolean =>
  address === 'localhost' || address === '::1' || /^127(\.\d{1,3}){3}$/.test(address);

export function formatHost(host: Host): string {
  if (host.kind === 'unix') return `unix://${host.path}`;
  return `tcp://${host.address.includes(':') ? `[${host.address}]` : host.address}:${host.port}`;
}
