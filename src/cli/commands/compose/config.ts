// wharf compose config
import { writeFileSync } from 'node:fs';
import { defineCompose } from '#cli/commands/compose/globals.ts';
import { openProject } from '#cli/commands/compose/project.ts';
import { type FlagTable, type FlagValues, text, toggle } from '#cli/grammar/flags.ts';
import { formatConfigJson, formatConfigYaml, imagesOf } from '#compose/config.ts';
import { formatConfigModule } from '#compose/define/format.ts';
import type { Project } from '#compose/model.ts';
import { serviceHash } from '#compose/plan/hash.ts';
import { invalid, notFound } from '#shared/errors.ts';

const configFlags = {
  environment: toggle('Print the variables that the files are filled from'),
  format: text('yaml, json or ts', 'FORMAT'),
  hash: text('Print the hash of services: names, or *', 'SERVICES'),
  images: toggle('Print the names of images'),
  networks: toggle('Print the names of networks'),
  'no-consistency': toggle('Do not check what fits together'),
  'no-env-resolution': toggle('Leave env_file as it is'),
  'no-interpolate': toggle('Leave variables as they are written'),
  'no-normalize': toggle('', undefined, { hidden: true }),
  'no-path-resolution': toggle('', undefined, { hidden: true }),
  output: text('Write to this file', 'FILE', { short: 'o' }),
  profiles: toggle('Print the names of profiles'),
  quiet: toggle('Only check', 'q'),
  'resolve-image-digests': toggle('', undefined, { hidden: true }),
  services: toggle('Print the names of services'),
  variables: toggle('', undefined, { hidden: true }),
  volumes: toggle('Print the names of volumes'),
} satisfies FlagTable;

export const command = defineCompose({
  usage: '[flags] [SERVICE...]',
  flags: configFlags,
  args: [0, Number.POSITIVE_INFINITY],
  examples: [
    'wharf compose config',
    'wharf compose config --format ts > compose.ts',
    'wharf compose config --hash "*"',
  ],
  async run({ cli, flags, args }) {
    const { format = 'yaml' } = flags;
    if (!['yaml', 'json', 'ts'].includes(format)) throw invalid(`unsupported format "${format}"`);
    const project = await openProject(cli, {
      services: args,
      interpolate: !flags['no-interpolate'],
      resolveEnvironment: !flags['no-env-resolution'],
      checkConsistency: !flags['no-consistency'],
      ...(flags.profiles ? { profiles: ['*'] } : {}),
    });
    if (flags.quiet) return;
    const chosen = args.length === 0 ? project : only(project, args);
    const names = namesOf(chosen, flags);
    const form = { escapeDollars: !flags['no-interpolate'] };
    const whole = (): string => {
      if (format === 'ts') return formatConfigModule(chosen);
      return format === 'json' ? formatConfigJson(chosen, form) : formatConfigYaml(chosen, form);
    };
    const printed = names === undefined ? whole() : names.map((name) => `${name}\n`).join('');
    if (flags.output === undefined) cli.stdout.write(printed);
    else writeFileSync(flags.output, printed);
  },
});

/** The list that the flags ask for; nothing where it is the whole file. */
function namesOf(project: Project, flags: FlagValues<typeof configFlags>): string[] | undefined {
  if (flags.services) return Object.keys(project.services);
  if (flags.volumes) return Object.keys(project.volumes);
  if (flags.networks) return Object.keys(project.networks);
  if (flags.images) return imagesOf(project);
  if (flags.environment)
    return Object.entries(project.environment).map(([name, value]) => `${name}=${value}`);
  if (flags.profiles)
    return [...new Set(Object.values(project.services).flatMap(({ profiles }) => profiles ?? []))].sort();
  if (flags.hash === undefined) return undefined;
  const names = flags.hash === '*' ? Object.keys(project.services) : flags.hash.split(',');
  return names.map((name) => {
    const service = project.services[name];
    if (service === undefined) throw notFound(`no such service: ${name}`);
    return `${name} ${serviceHash(service)}`;
  });
}

/** The named services and what they need. */
function only(project: Project, names: readonly string[]): Project {
  const kept = new Set<string>();
  const visit = (name: string): void => {
    if (kept.has(name)) return;
    kept.add(name);
    for (const needed of Object.keys(project.services[name]?.depends_on ?? {})) visit(needed);
  };
  names.forEach(visit);
  const services = Object.entries(project.services).filter(([name]) => kept.has(name));
  return { ...project, services: Object.fromEntries(services) };
}
