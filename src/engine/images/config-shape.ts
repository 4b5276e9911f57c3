// The shape of an image's configuration, looked at once when it comes in: whatever reads it later may trust it.
import { invalid } from '#shared/errors.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { isDigest } from '#shared/oci/digest.ts';
import type { ImageConfig } from '#shared/oci/specs.ts';

type Check = (value: unknown) => boolean;
type Raw = Record<string, unknown>;

const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number';
const isFlag: Check = (value) => typeof value === 'boolean';
const isRaw = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const mapOf =
  (check: Check): Check =>
  (value) =>
    isRaw(value) && Object.values(value).every(check);
const isTime: Check = (value) =>
  typeof value === 'string' && (value === '' || !Number.isNaN(Date.parse(value)));
// Docker takes a single word for a command of one word.
const isCommand: Check = (value) => isText(value) || listOf(isText)(value);

/** Members with one of these values, or null, or not there, are sound; others are nobody's here. */
const shapeOf =
  (members: Record<string, Check>): Check =>
  (value) =>
    isRaw(value) &&
    Object.entries(members).every(([name, check]) => (value[name] ?? null) === null || check(value[name]));

const healthcheck = shapeOf({
  Test: listOf(isText),
  Interval: isNumber,
  Timeout: isNumber,
  StartPeriod: isNumber,
  StartInterval: isNumber,
  Retries: isNumber,
});
const runMembers: Record<string, Check> = {
  User: isText,
  ExposedPorts: mapOf((value) => value === null || isRaw(value)),
  Env: listOf(isText),
  Entrypoint: isCommand,
  Cmd: isCommand,
  Volumes: mapOf((value) => value === null || isRaw(value)),
  WorkingDir: isText,
  Labels: mapOf(isText),
  StopSignal: isText,
  Shell: listOf(isText),
  Healthcheck: healthcheck,
  OnBuild: listOf(isText),
  ArgsEscaped: isFlag,
};
const step = shapeOf({
  created: isTime,
  created_by: isText,
  author: isText,
  comment: isText,
  empty_layer: isFlag,
});
const members: Record<string, Check> = {
  created: isTime,
  author: isText,
  architecture: isText,
  os: isText,
  variant: isText,
  config: isRaw,
  rootfs: isRaw,
  history: listOf((value) => value === null || step(value)),
};

/** The configuration in these bytes; throws `invalid` where it is none, with the member that is wrong. */
export function parseConfig(bytes: Buffer): ImageConfig {
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw invalid('invalid image configuration: it is not JSON', { cause });
  }
  if (!isRaw(parsed)) throw invalid('invalid image configuration: it is no JSON object');
  assertMembers(parsed, members, '');
  // What is null is not there: nobody has to ask twice.
  const told = withoutNulls(parsed) as Partial<ImageConfig>;
  const { config, history } = told;
  if (config !== undefined) assertMembers(config as Raw, runMembers, 'config.');
  return {
    ...told,
    architecture: told.architecture ?? '',
    os: told.os ?? 'linux',
    rootfs: { type: 'layers', diff_ids: diffIdsIn(told.rootfs) },
    ...(config === undefined ? {} : { config: runConfigOf(config) }),
    ...(history === undefined ? {} : { history: history.map((one) => withoutNulls((one ?? {}) as Raw)) }),
  };
}

function assertMembers(raw: Raw, checks: Record<string, Check>, prefix: string): void {
  for (const [name, check] of Object.entries(checks)) {
    if ((raw[name] ?? null) === null || check(raw[name])) continue;
    throw invalid(`invalid image configuration: ${prefix}${name} is of the wrong kind`);
  }
}

function diffIdsIn(rootfs: unknown): Digest[] {
  const diffIds: unknown = (isRaw(rootfs) ? rootfs['diff_ids'] : undefined) ?? [];
  if (Array.isArray(diffIds) && diffIds.every((one) => typeof one === 'string' && isDigest(one)))
    return diffIds;
  throw invalid('invalid image configuration: rootfs has no usable diff_ids');
}

function withoutNulls(raw: Raw): Raw {
  return Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== null));
}

// Null there says as much as nothing, and stays: that is how Docker shows an image that has none.
const shownAsNull = new Set(['Env', 'Cmd', 'Entrypoint', 'Volumes', 'OnBuild', 'Labels']);

function runConfigOf(config: NonNullable<ImageConfig['config']>): NonNullable<ImageConfig['config']> {
  const kept = Object.entries(config).filter(([name, value]) => value !== null || shownAsNull.has(name));
  const list = (value: unknown): unknown => (typeof value === 'string' ? [value] : value);
  return Object.fromEntries(
    kept.map(([name, value]) => [name, name === 'Cmd' || name === 'Entrypoint' ? list(value) : value]),
  );
}
