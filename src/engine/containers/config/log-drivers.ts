// Log drivers and their options: which exist here, what they accept, and what they add to a line.

import { existsSync } from 'node:fs';
import { journalSocket } from '#kernel/journal.ts';
import type { ContainerConfig, LogConfig } from '#shared/contract/container.ts';
import { invalid } from '#shared/errors.ts';
import { parseBytes } from '#shared/notation/size.ts';

const attributes = ['labels', 'labels-regex', 'env', 'env-regex', 'tag'];
const everywhere = [
  'mode',
  'max-buffer-size',
  'cache-disabled',
  'cache-max-file',
  'cache-max-size',
  'cache-compress',
];
const optionsOf: Record<string, readonly string[] | undefined> = {
  'json-file': ['max-size', 'max-file', 'compress', ...attributes],
  local: ['max-size', 'max-file', 'compress', ...attributes],
  'k8s-file': ['max-size', 'max-file', 'compress', ...attributes],
  journald: attributes,
  syslog: ['syslog-address', 'syslog-facility', 'syslog-format', ...attributes],
};

export const syslogSocket = '/dev/log';

const programDirs = ['/usr/bin', '/bin', '/usr/local/bin'];
const hasProgram = (name: string): boolean => programDirs.some((dir) => existsSync(`${dir}/${name}`));
const hasJournal = (): boolean => existsSync(journalSocket);

/** The drivers that work on this host. */
export function availableDrivers(): string[] {
  return [
    'json-file',
    'local',
    'none',
    ...(hasJournal() ? ['journald'] : []),
    ...(hasProgram('logger') ? ['syslog'] : []),
  ];
}

/** Throws `invalid` with Docker's sentence for a driver or an option that is not there. */
export function validateLogConfig(log: LogConfig | undefined): void {
  const driver = log?.Type || 'json-file';
  const options = log?.Config ?? {};
  if (driver === 'none') return;
  const known = optionsOf[driver];
  if (known === undefined) {
    const name = driver.slice(0, 100);
    throw invalid(`error looking up logging plugin ${name}: plugin "${name}" not found`, {
      hint: `the drivers here are ${availableDrivers().join(', ')}`,
    });
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name) || everywhere.includes(name)) continue;
    throw invalid(`unknown log opt '${name.slice(0, 100)}' for ${driver} log driver`);
  }
  validateValues(options);
  if (driver === 'journald' && !hasJournal()) {
    throw invalid('failed to initialize logging driver: journald is not enabled on this host');
  }
  if (driver !== 'syslog') return;
  parseSyslogAddress(options['syslog-address']);
  if (!hasProgram('logger')) {
    throw invalid('failed to initialize logging driver: the program logger is not installed', {
      hint: 'apt-get install bsdutils',
    });
  }
}

function validateValues(options: Record<string, string>): void {
  const { 'max-size': size, 'max-file': files, mode } = options;
  if (size !== undefined && size !== '-1' && parseBytes(size) <= 0) {
    throw invalid('max-size must be a positive number');
  }
  if (files !== undefined && !/^[1-9]\d*$/.test(files)) {
    throw invalid(/^-?\d+$/.test(files) ? 'max-file cannot be less than 1' : `invalid max-file: "${files}"`);
  }
  if (mode !== undefined && mode !== 'blocking' && mode !== 'non-blocking') {
    throw invalid(`logger: logging mode not supported: ${mode}`);
  }
  for (const name of ['labels-regex', 'env-regex'] as const) patternOf(options[name]);
}

export type SyslogAddress =
  | { protocol: 'udp' | 'tcp'; host: string; port: number }
  | { protocol: 'unix'; path: string };

/** `udp://host:514`, `tcp://host:514`, `unix:///dev/log`; absent: the host's own. Throws `invalid`. */
export function parseSyslogAddress(text: string | undefined): SyslogAddress {
  if (!text) {
    if (existsSync(syslogSocket)) return { protocol: 'unix', path: syslogSocket };
    throw invalid('failed to initialize logging driver: Unix syslog delivery error', {
      hint: `no syslog listens at ${syslogSocket}: start one, or name a server with syslog-address=udp://HOST:514`,
    });
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const protocol = url?.protocol.slice(0, -1);
  if (url !== undefined && (protocol === 'udp' || protocol === 'tcp') && url.hostname !== '') {
    return { protocol, host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(url.port || 514) };
  }
  if (url !== undefined && (protocol === 'unix' || protocol === 'unixgram') && existsSync(url.pathname)) {
    return { protocol: 'unix', path: url.pathname };
  }
  throw invalid(`unsupported scheme: '${protocol ?? ''}'`, {
    hint: `a syslog address looks like udp://host:514, tcp://host:514 or unix:///dev/log; got ${text.slice(0, 100)}`,
  });
}

function patternOf(text: string | undefined): RegExp | undefined {
  if (!text) return undefined;
  try {
    return new RegExp(text);
  } catch {
    throw invalid(`error parsing regexp: ${text.slice(0, 100)}`);
  }
}

/** What a container's options add to each of its lines: chosen labels and variables, and the tag. */
export function logAttributes(log: LogConfig | undefined, config: ContainerConfig): [string, string][] {
  const options = log?.Config ?? {};
  const found = new Map<string, string>();
  const take = (
    entries: [string, string][],
    names: string | undefined,
    pattern: string | undefined,
  ): void => {
    const listed = new Set((names ?? '').split(',').filter(Boolean));
    const regex = patternOf(pattern);
    for (const [key, value] of entries) if (listed.has(key) || regex?.test(key)) found.set(key, value);
  };
  const variables = (config.Env ?? []).map((entry): [string, string] => {
    const equals = entry.indexOf('=');
    return equals < 0 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
  });
  take(Object.entries(config.Labels ?? {}), options['labels'], options['labels-regex']);
  take(variables, options['env'], options['env-regex']);
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}

export interface TaggedContainer {
  id: string;
  name: string;
  imageName: string;
}

/** The `tag` option with its template filled: `{{.ID}}` (12 digits, also the default), `{{.Name}}`, `{{.ImageName}}`. */
export function logTag(log: LogConfig | undefined, container: TaggedContainer): string {
  const template = log?.Config?.['tag'] || '{{.ID}}';
  const values: Record<string, string> = {
    ID: container.id.slice(0, 12),
    FullID: container.id,
    Name: container.name,
    ImageName: container.imageName,
    DaemonName: 'wharf',
  };
  return template.replace(/\{\{\s*\.(\w+)\s*\}\}/g, (_, name: string) => values[name] ?? '');
}
