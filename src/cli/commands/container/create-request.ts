// From the flags of `create` and `run` to the request that the engine takes.
import type { CreateValues } from '#cli/commands/container/create-flags.ts';
import { integerOf, readFlag } from '#cli/commands/container/flag-text.ts';
import { hostConfigOf } from '#cli/commands/container/host-config.ts';
import { networkingOf } from '#cli/commands/container/networking.ts';
import { readText } from '#cli/files/named-file.ts';
import { pairsOf } from '#cli/terminal/words.ts';
import type { ContainerCreateRequest } from '#shared/contract/container.ts';
import { invalid } from '#shared/errors.ts';
import { parseDuration } from '#shared/notation/duration.ts';
import { parseEnvFile } from '#shared/notation/env.ts';
import { parseBind } from '#shared/notation/mount.ts';
import { parsePortKeys, parsePortPublish } from '#shared/notation/port.ts';
import { parseSignal } from '#shared/notation/signal.ts';
import type { Healthcheck } from '#shared/oci/specs.ts';

export interface CreateInput {
  flags: CreateValues;
  given: ReadonlySet<string>;
  image: string;
  command: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
}

/** The create request. Throws `invalid` for any flag's bad text, before the engine hears of it. */
export function createRequestOf(input: CreateInput): ContainerCreateRequest {
  const { command } = input;
  const flags = { ...input.flags, publish: input.flags.publish.map(standardPort) };
  refuseForWindows(input.given);
  const request: ContainerCreateRequest = {
    Image: input.image,
    Tty: flags.tty,
    OpenStdin: flags.interactive,
    Env: environmentOf(flags, input.env),
    Cmd: command.length > 0 ? [...command] : null,
    Labels: labelsOf(flags),
    ExposedPorts: exposedPortsOf(flags),
    Volumes: anonymousVolumesOf(flags),
    HostConfig: hostConfigOf(flags, input.given),
    NetworkingConfig: networkingOf(flags),
  };
  if (flags.entrypoint !== undefined)
    request.Entrypoint = flags.entrypoint === '' ? [''] : [flags.entrypoint];
  if (flags.hostname !== undefined) request.Hostname = flags.hostname;
  if (flags.domainname !== undefined) request.Domainname = flags.domainname;
  if (flags.user !== undefined) request.User = flags.user;
  if (flags.workdir !== undefined) request.WorkingDir = flags.workdir;
  // Networks are told it by themselves; whoever has none of its own is refused it, or warned.
  if (flags['mac-address'] !== undefined && request.NetworkingConfig === null)
    request.MacAddress = flags['mac-address'];
  if (flags['stop-timeout'] !== undefined)
    request.StopTimeout = integerOf(flags['stop-timeout'], '--stop-timeout');
  if (flags['stop-signal'] !== undefined) {
    parseSignal(flags['stop-signal']);
    request.StopSignal = flags['stop-signal'];
  }
  const health = healthcheckOf(flags);
  if (health !== undefined) request.Healthcheck = health;
  return request;
}

/** `published=80,target=8080,protocol=udp` as `80:8080/udp`; every other text as it is. Throws `invalid`. */
function standardPort(text: string): string {
  if (!text.includes('=')) return text;
  const fields = new Map([['protocol', 'tcp']]);
  for (const part of text.split(',')) {
    const [key = '', ...value] = part.split('=');
    if (key === '' || value.length === 0)
      throw invalid(`invalid publish opts format (should be name=value but got '${part}')`);
    fields.set(key, value.join('='));
  }
  return `${fields.get('published') ?? ''}:${fields.get('target') ?? ''}/${fields.get('protocol')}`;
}

function refuseForWindows(given: ReadonlySet<string>): void {
  for (const flag of ['cpu-count', 'cpu-percent', 'io-maxbandwidth', 'io-maxiops'])
    if (given.has(flag))
      throw invalid(`"--${flag}" is only supported on a Docker daemon running on windows`, {
        hint: 'this engine runs on linux',
      });
}

/** Variables of files, then those of flags; a name alone takes its value from `env`. Without one it is left out of files. */
export function environmentOf(
  flags: { env: readonly string[]; 'env-file': readonly string[] },
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  const fromFiles = flags['env-file'].flatMap((file) => parseEnvFile(readText(file), (name) => env[name]));
  const fromFlags = flags.env.flatMap((entry) => {
    if (entry === '' || entry.startsWith('='))
      readFlag('-e, --env', entry, () => {
        throw invalid(`invalid environment variable: ${entry}`);
      });
    if (entry.includes('=')) return [entry];
    const value = env[entry];
    // A name without a value takes the variable away from what the image brings.
    return [value === undefined ? entry : `${entry}=${value}`];
  });
  return [...fromFiles, ...fromFlags];
}

function labelsOf(flags: CreateValues): Record<string, string> {
  const fromFiles = flags['label-file'].flatMap((file) => parseEnvFile(readText(file), () => undefined));
  return { ...pairsOf(fromFiles), ...pairsOf(flags.label) };
}

function exposedPortsOf(flags: CreateValues): Record<string, object> {
  const published = flags.publish.flatMap((each) => parsePortPublish(each).map(({ port }) => port));
  const exposed = flags.expose.flatMap(parsePortKeys);
  return Object.fromEntries([...published, ...exposed].map((port) => [port, {}]));
}

function anonymousVolumesOf(flags: CreateValues): Record<string, object> | null {
  const anonymous = flags.volume.filter((each) => !each.includes(':')).map((each) => parseBind(each).target);
  return anonymous.length === 0 ? null : Object.fromEntries(anonymous.map((target) => [target, {}]));
}

function healthcheckOf(flags: CreateValues): Healthcheck | undefined {
  const durations = (
    [
      ['Interval', 'health-interval'],
      ['Timeout', 'health-timeout'],
      ['StartPeriod', 'health-start-period'],
      ['StartInterval', 'health-start-interval'],
    ] as const
  ).map(([field, flag]) => [field, flag, flags[flag]] as const);
  const asked =
    flags['health-cmd'] !== undefined ||
    flags['health-retries'] !== undefined ||
    durations.some(([, , text]) => text !== undefined);
  if (flags['no-healthcheck']) {
    if (asked) throw invalid('--no-healthcheck conflicts with --health-* options');
    return { Test: ['NONE'] };
  }
  if (!asked) return undefined;
  const health: Healthcheck = {};
  if (flags['health-cmd'] !== undefined) health.Test = ['CMD-SHELL', flags['health-cmd']];
  if (flags['health-retries'] !== undefined)
    health.Retries = integerOf(flags['health-retries'], '--health-retries');
  for (const [field, flag, text] of durations) {
    if (text !== undefined) Object.assign(health, { [field]: readFlag(`--${flag}`, text, parseDuration) });
  }
  return health;
}
