// The flags of `build`, and the query they become.

import { attestationsOf } from '#cli/commands/build/attestations.ts';
import { ulimitsOf } from '#cli/commands/container/limits.ts';
import { type FlagTable, type FlagValues, many, text, toggle } from '#cli/grammar/flags.ts';
import { nearest } from '#cli/grammar/nearest.ts';
import { pairsOf } from '#cli/terminal/words.ts';
import type { Query } from '#client/wire.ts';
import { invalid } from '#shared/errors.ts';
import { parseBytes } from '#shared/notation/size.ts';
import { formatPlatform, hostPlatform, parsePlatform } from '#shared/oci/platform.ts';
import { parseReference } from '#shared/oci/reference.ts';

export const buildFlags = {
  allow: many('Let steps do more: network.host, security.insecure, device[=NAME]', 'ENTITLEMENT'),
  'add-host': many('Add a line to /etc/hosts', 'NAME:IP'),
  attest: many('An attestation of the image: type=provenance,mode=min|max or type=sbom', 'ATTESTATION'),
  'build-arg': many('Set an ARG; NAME alone takes it from here', 'NAME=VALUE'),
  'build-context': many(
    'A further context: NAME=DIR, a URL, docker-image://IMAGE or oci-layout://DIR',
    'NAME=SOURCE',
  ),
  'cache-from': many('Where to take cached steps from: an image, or type=local,src=DIR', 'SOURCE'),
  'cache-to': many('Where to put its steps: inline, type=registry,ref=NAME or type=local,dest=DIR', 'TARGET'),
  call: text('build, or what is only asked: check, outline or targets; ,format=json for programs', 'METHOD'),
  check: toggle('Only check the Dockerfile'),
  'cgroup-parent': text('The cgroup of its steps', 'PATH', { hidden: true }),
  compress: toggle('Compress the context', undefined, { hidden: true }),
  'cpu-period': text('', 'N', { hidden: true }),
  'cpu-quota': text('', 'N', { hidden: true }),
  'cpu-shares': text('', 'N', { short: 'c', hidden: true }),
  'cpuset-cpus': text('', 'LIST', { hidden: true }),
  'cpuset-mems': text('', 'LIST', { hidden: true }),
  file: text('The Dockerfile (PATH/Dockerfile); - is stdin; or a URL', 'FILE', { short: 'f' }),
  'force-rm': toggle('', undefined, { hidden: true }),
  iidfile: text('Write the image id to this file', 'FILE'),
  isolation: text('', 'MODE', { hidden: true }),
  label: many('Set a label', 'KEY=VALUE'),
  load: toggle('Keep the image here too, whatever the outputs are'),
  memory: text('Most memory of a step', 'SIZE', { short: 'm' }),
  'memory-swap': text('Most memory and swap of a step', 'SIZE'),
  'metadata-file': text('Write what was built to this file, as JSON', 'FILE'),
  network: text('Network of the RUN steps', 'MODE'),
  'no-cache': toggle('Run every step'),
  'no-cache-filter': many('Run every step of this stage', 'STAGE'),
  platform: many('Platform of the image; several (between commas) make an index of them', 'OS/ARCH'),
  output: many(
    'The result: DIR, -, or type=local|tar|oci|docker|image|registry|cacheonly,dest=PATH',
    'OUTPUT',
    {
      short: 'o',
    },
  ),
  progress: text('How to show it: auto, tty, plain, rawjson or quiet', 'MODE'),
  provenance: text('Say how it was built beside the image: mode=min, mode=max or false', 'PROVENANCE', {
    alone: 'true',
  }),
  push: toggle('Push the image when it is built'),
  pull: toggle('Ask the registry for a newer base image'),
  quiet: toggle('Print the image id only', 'q'),
  resume: text('Take the steps that this failed build did', 'BUILD', { hidden: true }),
  rm: toggle('', undefined, { hidden: true, on: true }),
  sbom: text('List its packages beside the image, or false', 'SBOM', { alone: 'true' }),
  secret: many('A secret for steps: id=ID,src=FILE or id=ID,env=NAME', 'SECRET'),
  'security-opt': many('', 'OPTION', { hidden: true }),
  'shm-size': text('Size of /dev/shm', 'SIZE'),
  ssh: many('An agent for steps: default or ID=SOCKET', 'ID[=SOCKET]'),
  squash: toggle('', undefined, { hidden: true }),
  tag: many('Name the image', 'NAME[:TAG]', { short: 't' }),
  target: text('Build up to this stage', 'STAGE'),
  ulimit: many('Limit of a process', 'NAME=SOFT[:HARD]'),
} satisfies FlagTable;

export type BuildValues = FlagValues<typeof buildFlags>;

/** Throws `invalid`. */
export function buildQuery(flags: BuildValues, env: Readonly<Record<string, string | undefined>>): Query {
  for (const tag of flags.tag) checkTag(tag);
  const { method } = callOf(flags);
  const sizes = {
    memory: flags.memory === undefined ? undefined : parseBytes(flags.memory),
    memswap:
      flags['memory-swap'] === undefined
        ? undefined
        : flags['memory-swap'] === '-1'
          ? -1
          : parseBytes(flags['memory-swap']),
    shmsize: flags['shm-size'] === undefined ? undefined : parseBytes(flags['shm-size']),
  };
  return {
    t: flags.tag,
    buildargs: jsonOf(buildArguments(flags['build-arg'], env)),
    labels: jsonOf(pairsOf(flags.label)),
    extrahosts: flags['add-host'].map((each) => each.replace('=', ':')),
    networkmode: flags.network,
    method: method === 'build' ? undefined : method,
    ...attestationsOf(flags),
    nocache: flags['no-cache'],
    platform: platformsOf(flags.platform),
    pull: flags.pull && flags.resume === undefined,
    resume: flags.resume,
    // Docker's classic builder leaves its own output to the client's -q.
    q: flags.quiet,
    rm: flags.rm,
    forcerm: flags['force-rm'],
    squash: flags.squash,
    target: flags.target,
    cgroupparent: flags['cgroup-parent'],
    securityopt: flags['security-opt'].length === 0 ? undefined : JSON.stringify(flags['security-opt']),
    ulimits: flags.ulimit.length === 0 ? undefined : JSON.stringify(ulimitsOf(flags.ulimit)),
    cpuperiod: flags['cpu-period'],
    cpuquota: flags['cpu-quota'],
    cpushares: flags['cpu-shares'],
    cpusetcpus: flags['cpuset-cpus'],
    cpusetmems: flags['cpuset-mems'],
    ...sizes,
  };
}

/** All that were given, each once, between commas; `local` is this machine's. Throws `invalid`. */
export function platformsOf(texts: readonly string[]): string | undefined {
  const words = texts.flatMap((text) => text.split(',')).filter((word) => word !== '');
  const platforms = words.map((word) => (word === 'local' ? formatPlatform(hostPlatform()) : word));
  for (const platform of platforms) parsePlatform(platform);
  return platforms.length === 0 ? undefined : [...new Set(platforms)].join(',');
}

export interface BuildCall {
  method: 'build' | 'check' | 'outline' | 'targets';
  isJson: boolean;
  /** What a check finds is no failure. */
  ignoresStatus: boolean;
}

const methods = ['build', 'check', 'outline', 'targets'] as const;

/** `--check` and `--call=check` are the same; `lint` is what it is called elsewhere. Throws `invalid`. */
export function callOf(flags: Pick<BuildValues, 'check' | 'call'>): BuildCall {
  const call: BuildCall = { method: flags.check ? 'check' : 'build', isJson: false, ignoresStatus: false };
  for (const field of (flags.call ?? '').split(',').filter((each) => each !== '')) {
    const at = field.indexOf('=');
    const [name, value] = at < 0 ? [field] : [field.slice(0, at), field.slice(at + 1)];
    if (value === undefined) call.method = methodOf(name);
    else if (name === 'format' && (value === 'json' || value === 'text')) call.isJson = value === 'json';
    else if (name === 'ignorestatus' && /^(true|false|1|0)$/.test(value))
      call.ignoresStatus = value === 'true' || value === '1';
    else throw invalid(`invalid call ${field}`, { hint: 'format=json, format=text or ignorestatus=true' });
  }
  return call;
}

function methodOf(name: string): BuildCall['method'] {
  const wanted = name === 'lint' ? 'check' : name.replace(/^frontend\./, '');
  const found = methods.find((each) => each === wanted);
  if (found !== undefined) return found;
  const near = nearest(wanted, methods);
  throw invalid(`--call=${name} is not supported${near === undefined ? '' : ` (did you mean ${near}?)`}`, {
    hint: `there are ${methods.join(', ')}`,
  });
}

function checkTag(tag: string): void {
  try {
    parseReference(tag);
  } catch {
    throw invalid(`invalid argument ${JSON.stringify(tag)} for "-t, --tag" flag: invalid reference format`, {
      hint: 'a name is in lower case, for example my-app:1.0',
    });
  }
}

/** NAME alone takes the value that it has here; without one, null: the engine then knows that it was named. */
function buildArguments(
  texts: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | null> {
  const given = texts.map((text): [string, string | null] => {
    const equals = text.indexOf('=');
    return equals < 0 ? [text, env[text] ?? null] : [text.slice(0, equals), text.slice(equals + 1)];
  });
  // As the specification of reproducible-builds.org asks of tools: the environment says it for all of them.
  const epoch = env['SOURCE_DATE_EPOCH'];
  return Object.fromEntries([...(epoch ? [['SOURCE_DATE_EPOCH', epoch] as const] : []), ...given]);
}

function jsonOf(record: Record<string, string | null>): string | undefined {
  return Object.keys(record).length === 0 ? undefined : JSON.stringify(record);
}
