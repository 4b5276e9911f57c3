// wharf compose run

import { defineCompose, isDry } from '#cli/commands/compose/globals.ts';
import { openProject, openSession } from '#cli/commands/compose/project.ts';
import { exitCodeFor } from '#cli/commands/container/run.ts';
import { startAttached } from '#cli/commands/container/start-attached.ts';
import { ExitError } from '#cli/failure.ts';
import { type FlagTable, type FlagValues, many, text, toggle } from '#cli/grammar/flags.ts';
import { sizeOf } from '#cli/terminal/session.ts';
import { pairsOf } from '#cli/terminal/words.ts';
import { createOneOff } from '#compose/execute/one-off.ts';
import { up } from '#compose/execute/up.ts';
import { waitForDependencies } from '#compose/execute/wait.ts';
import type { PublishedPort, Service } from '#compose/model.ts';
import { messageOf, notFound } from '#shared/errors.ts';
import { parseBind } from '#shared/notation/mount.ts';
import { parsePortPublish } from '#shared/notation/port.ts';

const runFlags = {
  build: toggle('Build the image before'),
  'cap-add': many('Add a right', 'NAME'),
  'cap-drop': many('Take a right away', 'NAME'),
  detach: toggle('Run in the background and print the container id', 'd'),
  entrypoint: text('Another entrypoint', 'WORDS'),
  env: many('Set a variable', 'NAME=VALUE', { short: 'e' }),
  interactive: toggle('Keep stdin open', 'i', { on: true }),
  label: many('Set a label', 'KEY=VALUE', { short: 'l' }),
  name: text('Name of the container', 'NAME'),
  'no-deps': toggle('Do not start what the service needs'),
  'no-tty': toggle('Do not give it a terminal', 'T', { also: ['no-TTY'] }),
  publish: many('Publish a port', 'HOST:CONTAINER', { short: 'p' }),
  pull: text('', 'WHEN', { hidden: true }),
  quiet: toggle('Do not show what is done', 'q'),
  'quiet-pull': toggle('', undefined, { hidden: true }),
  'remove-orphans': toggle('Remove containers of services that the file no longer has'),
  rm: toggle('Remove the container once it has ended'),
  'service-ports': toggle('Publish the ports of the service', 'P'),
  tty: toggle('', 't', { hidden: true, on: true }),
  'use-aliases': toggle('Give it the names of the service on its networks'),
  user: text('User to run as', 'USER[:GROUP]', { short: 'u' }),
  volume: many('Mount a volume or a folder', 'SOURCE:TARGET', { short: 'v' }),
  workdir: text('Directory to run in', 'DIR', { short: 'w' }),
} satisfies FlagTable;

type RunValues = FlagValues<typeof runFlags>;

export const command = defineCompose({
  usage: '[flags] SERVICE [COMMAND] [ARG...]',
  flags: runFlags,
  args: [1, Number.POSITIVE_INFINITY],
  stopAtArgument: true,
  examples: ['wharf compose run --rm web sh', 'wharf compose run --rm -e DEBUG=1 web pytest'],
  async run({ cli, flags, args: [name = '', ...words] }) {
    const project = await openProject(cli, { services: [name] });
    const own = project.services[name];
    if (own === undefined) throw notFound(`no such service: ${name}`);
    using session = await openSession(cli, project, { silent: flags.quiet });
    const needs = Object.entries(own.depends_on ?? {});
    if (!flags['no-deps'] && needs.length > 0) {
      await up(session, {
        services: needs.map(([service]) => service),
        removeOrphans: flags['remove-orphans'],
      });
      if (!isDry(cli))
        await waitForDependencies(
          session,
          needs.map(([service, needed]) => ({ service, ...needed })),
        );
    }
    const stdin = flags.interactive && !flags.detach;
    const tty =
      !flags['no-tty'] && flags.tty && !flags.detach && cli.stdin.isTTY === true && cli.stdout.isTTY === true;
    const id = await createOneOff(
      session,
      { name, service: changed(own, flags, { words, env: cli.env }) },
      {
        name: flags.name,
        remove: flags.rm,
        useAliases: flags['use-aliases'],
        build: flags.build,
        change(request) {
          request.Tty = tty;
          request.OpenStdin = stdin;
          request.StdinOnce = stdin;
          request.AttachStdin = stdin;
          request.AttachStdout = !flags.detach;
          request.AttachStderr = !flags.detach;
          const size = tty ? sizeOf(cli.stdout) : undefined;
          if (size !== undefined)
            request.HostConfig = { ...request.HostConfig, ConsoleSize: [size.h, size.w] };
        },
      },
    );
    if (id === undefined) return 0;
    const { containers } = await cli.client();
    try {
      if (!flags.detach) {
        return await startAttached(cli, id, {
          stdin,
          stdout: true,
          stderr: true,
          tty,
          detachKeys: cli.config().detachKeys,
          signalProxy: true,
          waitFor: flags.rm ? 'removed' : 'next-exit',
        });
      }
      await containers.start(id);
      cli.print(id);
      return 0;
    } catch (thrown) {
      if (flags.rm) await containers.remove(id, { force: true, v: true }).catch(() => undefined);
      throw new ExitError(exitCodeFor(messageOf(thrown)), thrown);
    }
  },
});

/** The service as the command line wants it this once. */
function changed(
  service: Service,
  flags: RunValues,
  { words, env }: { words: readonly string[]; env: Readonly<Record<string, string | undefined>> },
): Service {
  const { container_name: _, deploy: __, ...kept } = service;
  const environment = { ...service.environment };
  for (const text of flags.env) {
    const equals = text.indexOf('=');
    if (equals < 0) environment[text] = env[text] ?? null;
    else environment[text.slice(0, equals)] = text.slice(equals + 1);
  }
  const ports = [...(flags['service-ports'] ? (service.ports ?? []) : []), ...flags.publish.flatMap(portsOf)];
  const { entrypoint } = flags;
  return {
    ...kept,
    environment,
    ports,
    volumes: [...(service.volumes ?? []), ...flags.volume.map(volumeOf)],
    labels: { ...service.labels, ...pairsOf(flags.label) },
    ...(words.length > 0 ? { command: [...words] } : entrypoint === undefined ? {} : { command: [] }),
    ...(entrypoint === undefined
      ? {}
      : { entrypoint: entrypoint.split(/\s+/).filter((word) => word !== '') }),
    ...(flags.user === undefined ? {} : { user: flags.user }),
    ...(flags.workdir === undefined ? {} : { working_dir: flags.workdir }),
    ...(flags['cap-add'].length === 0 ? {} : { cap_add: flags['cap-add'] }),
    ...(flags['cap-drop'].length === 0 ? {} : { cap_drop: flags['cap-drop'] }),
  };
}

function portsOf(text: string): PublishedPort[] {
  return parsePortPublish(text).map(({ port, binding }) => {
    const [target = '', protocol = 'tcp'] = port.split('/');
    return {
      mode: 'ingress',
      target: Number(target),
      protocol,
      ...(binding.HostPort ? { published: binding.HostPort } : {}),
      ...(binding.HostIp ? { host_ip: binding.HostIp } : {}),
    };
  });
}

function volumeOf(text: string): NonNullable<Service['volumes']>[number] {
  const { source, target, readOnly, isVolume } = parseBind(text);
  return {
    type: isVolume ? 'volume' : 'bind',
    target,
    ...(source === undefined ? {} : { source }),
    ...(readOnly ? { read_only: true } : {}),
  };
}
