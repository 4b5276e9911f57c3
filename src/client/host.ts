// Where an engine is: `unix:///run/wharf/wharf.sock`, `tcp://127.0.0.1:2375`, `ssh://me@server`.
import { invalid, unsupported } from '#shared/errors.ts';

export const defaultHost = 'unix:///run/wharf/wharf.sock';

/** What TLS needs, as PEM texts. Without `verify` any certificate of the engine is good. */
export interface TlsKeys {
  ca?: string;
  cert?: string;
  key?: string;
  verify: boolean;
}

export interface SshPlace {
  hostname: string;
  user?: string;
  port?: number;
  /** The engine's socket there, where it is not the usual one. */
  socketPath?: string;
}

export type HostAddress =
  | { text: string; socketPath: string }
  | { text: string; hostname: string; port: number; tls?: TlsKeys }
  | { text: string; ssh: SshPlace };

/** The address in `text`; throws `invalid`, and `unsupported` for schemes that cannot be spoken. */
export function parseHost(text: string, tls?: TlsKeys): HostAddress {
  const scheme = /^([a-z]+):\/\//.exec(text)?.[1];
  if (scheme === 'unix') {
    const socketPath = text.slice('unix://'.length);
    if (socketPath === '') throw badHost(text);
    return { text, socketPath };
  }
  if (scheme === 'tcp' || scheme === 'http') return parseTcp(text, scheme === 'tcp' ? tls : undefined);
  if (scheme === 'https') return parseTcp(text, tls ?? { verify: true });
  if (scheme === 'ssh') return { text, ssh: parseSsh(text) };
  if (scheme === undefined) throw badHost(text);
  throw unsupported(`unable to connect with ${scheme}://: ${text}`, {
    hint: 'use unix:///path/to.sock, tcp://host:port or ssh://user@host',
  });
}

function parseTcp(text: string, tls: TlsKeys | undefined): HostAddress {
  const rest = text.replace(/^(?:tcp|https?):\/\//, '').replace(/\/$/, '');
  const match = /^(\[[0-9a-fA-F:]+\]|[^:/\s]*)(?::(\d{1,5}))?$/.exec(rest);
  const port = Number(match?.[2] ?? (tls === undefined ? 2375 : 2376));
  if (match === null || port > 65_535) throw badHost(text);
  const bare = (match[1] ?? '').replace(/^\[|\]$/g, '');
  const hostname = bare === '' ? '127.0.0.1' : bare;
  return tls === undefined ? { text, hostname, port } : { text, hostname, port, tls };
}

function parseSsh(text: string): SshPlace {
  const match = /^ssh:\/\/(?:([^@:/\s]+)@)?(\[[0-9a-fA-F:]+\]|[^@:/\s]+)(?::(\d{1,5}))?(\/\S*)?$/.exec(text);
  const [, user, hostname = '', port, path] = match ?? [];
  // A name that begins with a dash would be an option of ssh.
  if (match === null || hostname.startsWith('-') || user?.startsWith('-') || Number(port ?? 22) > 65_535) {
    throw badHost(text);
  }
  return {
    hostname: hostname.replace(/^\[|\]$/g, ''),
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(path === undefined || path === '/' ? {} : { socketPath: path }),
  };
}

function badHost(text: string): Error {
  return invalid(`unable to parse docker host \`${text.slice(0, 200)}\``, {
    hint: 'a host looks like unix:///run/wharf/wharf.sock, tcp://127.0.0.1:2375 or ssh://me@server',
  });
}
