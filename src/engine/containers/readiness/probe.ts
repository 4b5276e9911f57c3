// What tells that a service answers: a port, and the protocol that is spoken at it.
import type { ContainerConfig } from '#shared/contract/container.ts';
import { invalid } from '#shared/errors.ts';

export type ProbeKind = 'tcp' | 'http' | 'mysql' | 'postgres' | 'redis';

export interface Probe {
  kind: ProbeKind;
  port: number;
  /** Of `http`. */
  path: string;
}

const kinds: readonly ProbeKind[] = ['tcp', 'http', 'mysql', 'postgres', 'redis'];
const known: Readonly<Record<number, ProbeKind>> = {
  3306: 'mysql',
  5432: 'postgres',
  6379: 'redis',
  80: 'http',
  3000: 'http',
  5000: 'http',
  8000: 'http',
  8080: 'http',
  8888: 'http',
};
const hint = 'a probe looks like tcp:5432, http:8080/health, mysql:3306, postgres:5432, redis:6379 or none';

/** The probes that a text names, separated by spaces or commas; none for `none`. Throws `invalid`. */
export function parseProbes(text: string): Probe[] {
  if (text.trim() === 'none') return [];
  return text
    .split(/[\s,]+/)
    .filter((word) => word !== '')
    .map(parseProbe);
}

function parseProbe(word: string): Probe {
  const [, kindText = '', portText = '', path = ''] = /^(?:([a-z]+):)?(\d{1,5})(\/\S*)?$/.exec(word) ?? [];
  const port = Number(portText);
  const kind = kinds.find((each) => each === (kindText || known[port] || 'tcp'));
  if (portText === '' || kind === undefined || port < 1 || port > 65535 || (path !== '' && kind !== 'http'))
    throw invalid(`invalid readiness probe: ${word.slice(0, 100)}`, { hint });
  return { kind, port, path: path || '/' };
}

/** The probes of a container that names none itself: one for each TCP port that it or its image exposes. */
export function chooseProbes(config: Pick<ContainerConfig, 'ExposedPorts'>): Probe[] {
  return Object.keys(config.ExposedPorts ?? {})
    .flatMap((key) => {
      const [, port] = /^(\d+)(?:\/tcp)?$/.exec(key) ?? [];
      return port === undefined ? [] : [Number(port)];
    })
    .sort((a, b) => a - b)
    .map((port) => ({ kind: known[port] ?? 'tcp', port, path: '/' }));
}

/** As `parseProbes` reads it. */
export function formatProbe({ kind, port, path }: Probe): string {
  return `${kind}:${port}${kind === 'http' && path !== '/' ? path : ''}`;
}
