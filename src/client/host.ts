// Where an engine is: `unix:///run/wharf/wharf.sock`, `tcp://127.0.0.1:2375`.
import { invalid, unsupported } from '#shared/errors.ts';

export const defaultHost = 'unix:///run/wharf/wharf.sock';

export type HostAddress =
  | { text: string; socketPath: string }
  | { text: string; hostname: string; port: number };

/** The address in `text`; throws `invalid`, and `unsupported` for schemes that cannot be spoken. */
export function parseHost(text: string): HostAddress {
  const scheme = /^([a-z]+):\/\//.exec(text)?.[1];
  if (scheme === 'unix') {
    const socketPath = text.slice('unix://'.length);
    if (socketPath === '') throw badHost(text);
    return { text, socketPath };
  }
  if (scheme === 'tcp' || scheme === 'http') return parseTcp(text);
  if (scheme === undefined) throw badHost(text);
  throw unsupported(`unable to connect with ${scheme}://: ${text}`, {
    hint: 'use unix:///path/to.sock or tcp://host:port',
  });
}

function parseTcp(text: string): HostAddress {
  const rest = text.replace(/^(?:tcp|http):\/\//, '').replace(/\/$/, '');
  const match = /^(\[[0-9a-fA-F:]+\]|[^:/\s]*)(?::(\d{1,5}))?$/.exec(rest);
  const port = Number(match?.[2] ?? 2375);
  if (match === null || port > 65_535) throw badHost(text);
  const hostname = (match[1] ?? '').replace(/^\[|\]$/g, '');
  return { text, hostname: hostname === '' ? '127.0.0.1' : hostname, port };
}

function badHost(text: string): Error {
  return invalid(`unable to parse docker host \`${text.slice(0, 200)}\``, {
    hint: 'a host looks like unix:///run/wharf/wharf.sock or tcp://127.0.0.1:2375',
  });
}
