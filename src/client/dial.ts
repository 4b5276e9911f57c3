// A raw connection to an engine's address: what `system dial-stdio` passes on, and what ssh needs under HTTP.
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HostAddress, SshPlace } from '#client/host.ts';
import { dialProgram } from '#client/programs.ts';

/** Each side may end its half alone. The caller owns the connection and hears of a failure by its `error`. */
export function dialHost(host: HostAddress): Duplex {
  if ('ssh' in host) return dialProgram('ssh', sshWords(host.ssh));
  if ('socketPath' in host) return connect({ path: host.socketPath, allowHalfOpen: true });
  const { hostname, port, tls } = host;
  if (tls === undefined) return connect({ host: hostname, port, allowHalfOpen: true });
  const { verify, ...keys } = tls;
  return process
    .getBuiltinModule('node:tls')
    .connect({ host: hostname, servername: hostname, port, ...keys, rejectUnauthorized: verify });
}

/** The words after `ssh`: they end in a program of the far machine that joins its stdio to the engine there. */
export function sshWords(place: SshPlace): string[] {
  const host = place.socketPath === undefined ? '' : `--host ${quoted(`unix://${place.socketPath}`)} `;
  const script = `for p in wharf docker; do command -v $p >/dev/null && exec $p ${host}system dial-stdio; done; echo "neither wharf nor docker is there" >&2; exit 127`;
  return [
    '-o',
    'ConnectTimeout=30',
    '-T',
    ...(place.user === undefined ? [] : ['-l', place.user]),
    ...(place.port === undefined ? [] : ['-p', String(place.port)]),
    '--',
    place.hostname,
    // Whatever shell the user has there, this one reads the script.
    `sh -c ${quoted(script)}`,
  ];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
