// wharf compose exec, cp, port, stats, top, attach, export and commit: commands on one container, found by its service.

import { dryPrefix, tellDry } from '#cli/commands/compose/dry-run.ts';
import { defineCompose, isDry, numberOf } from '#cli/commands/compose/globals.ts';
import { openKnownProject, openSession } from '#cli/commands/compose/project.ts';
import { command as attachCommand } from '#cli/commands/inside/attach.ts';
import { command as commitCommand } from '#cli/commands/inside/commit.ts';
import { command as copyCommand } from '#cli/commands/inside/cp.ts';
import { command as execCommand } from '#cli/commands/inside/exec.ts';
import { command as exportCommand } from '#cli/commands/inside/export.ts';
import { command as statsCommand } from '#cli/commands/inside/stats.ts';
import type { Cli } from '#cli/context.ts';
import { many, text, toggle } from '#cli/grammar/flags.ts';
import { renderTable } from '#cli/terminal/table.ts';
import { listContainers } from '#compose/execute/look.ts';
import { label } from '#compose/plan/labels.ts';
import type { ContainerSummary } from '#shared/contract/container.ts';
import { invalid, notFound, unsupported } from '#shared/errors.ts';

const index = text('Which of its containers, from 1 on', 'N');

/** The container of a service. Throws `notFound` with Docker Compose's sentence where it does not run. */
async function containerOf(
  cli: Cli,
  service: string,
  { number, all = false }: { number?: string | undefined; all?: boolean },
): Promise<ContainerSummary> {
  const project = await openKnownProject(cli, { services: [service] });
  using session = await openSession(cli, project, { silent: true });
  const wanted = numberOf(number, 'index');
  const found = (await listContainers(session, { services: [service], all })).filter(
    ({ Labels }) =>
      Labels[label.oneOff] !== 'True' && (wanted === undefined || Labels[label.number] === String(wanted)),
  );
  const [first] = found;
  if (first === undefined)
    throw notFound(
      wanted === undefined
        ? `service "${service}" is not running`
        : `service "${service}" is not running container #${wanted}`,
      { hint: `start it with: wharf compose up -d ${service}` },
    );
  return first;
}

const plainName = ([name = '']: readonly string[]): string => name.replace(/^\//, '');

export const exec = defineCompose({
  usage: '[flags] SERVICE COMMAND [ARG...]',
  flags: {
    detach: toggle('Do not wait for it', 'd'),
    env: many('Set a variable', 'NAME=VALUE', { short: 'e' }),
    index,
    interactive: toggle('Keep stdin open', 'i', { on: true, hidden: true }),
    'no-tty': toggle('Do not give it a terminal', 'T', { also: ['no-TTY'] }),
    privileged: toggle('Give it every right of this machine'),
    tty: toggle('', 't', { hidden: true, on: true }),
    user: text('User to run as', 'USER[:GROUP]', { short: 'u' }),
    workdir: text('Directory to run in', 'DIR', { short: 'w' }),
  },
  args: [2, Number.POSITIVE_INFINITY],
  stopAtArgument: true,
  examples: ['wharf compose exec web sh', 'wharf compose exec -T db mysqldump shop'],
  async run({ cli, flags, args: [service = '', ...words] }) {
    const { Id, Names } = await containerOf(cli, service, { number: flags.index });
    if (isDry(cli)) {
      const said = words.map((word) => JSON.stringify(word)).join(' ');
      cli.print(`${dryPrefix}Executing command [${said}] in ${plainName(Names)}`);
      return 0;
    }
    const terminal = !flags['no-tty'] && flags.tty && cli.stdin.isTTY === true && cli.stdout.isTTY === true;
    const line = [
      ...(flags.detach ? ['-d'] : []),
      ...(flags.interactive && !flags.detach ? ['-i'] : []),
      ...(terminal && !flags.detach ? ['-t'] : []),
      ...(flags.privileged ? ['--privileged'] : []),
      ...flags.env.flatMap((each) => ['-e', each]),
      ...(flags.user === undefined ? [] : ['-u', flags.user]),
      ...(flags.workdir === undefined ? [] : ['-w', flags.workdir]),
    ];
    return execCommand.execute(cli, 'wharf compose exec', [...line, Id, ...words]);
  },
});

export const cp = defineCompose({
  usage: '[flags] SERVICE:PATH|PATH|- SERVICE:PATH|PATH|-',
  flags: {
    archive: toggle('Keep owner and group', 'a'),
    'follow-link': toggle('Copy what a link points at', 'L'),
    index,
  },
  args: [2, 2],
  examples: ['wharf compose cp web:/etc/hosts .', 'wharf compose cp site/. web:/srv'],
  async run({ cli, flags, args }) {
    const places = await Promise.all(
      args.map(async (place) => {
        const [, service, path] = /^([a-zA-Z0-9][\w.-]*):(.*)$/s.exec(place) ?? [];
        if (service === undefined) return place;
        const { Id, Names } = await containerOf(cli, service, { number: flags.index, all: true });
        return `${isDry(cli) ? plainName(Names) : Id}:${path}`;
      }),
    );
    if (isDry(cli)) {
      const name = places.find((place) => place.includes(':'))?.split(':')[0] ?? '';
      tellDry(cli, `${name} copy ${places.join(' to ')}`, ['Copying', 'Copied']);
      return 0;
    }
    const line = [...(flags.archive ? ['-a'] : []), ...(flags['follow-link'] ? ['-L'] : [])];
    return copyCommand.execute(cli, 'wharf compose cp', [...line, '--', ...places]);
  },
});

export const port = defineCompose({
  usage: '[flags] SERVICE PORT',
  flags: { index, protocol: text('tcp or udp', 'NAME') },
  args: [2, 2],
  examples: ['wharf compose port web 80'],
  async run({ cli, flags, args: [service = '', wanted = ''] }) {
    const [number = '', protocol = flags.protocol ?? 'tcp'] = wanted.split('/');
    const { Ports } = await containerOf(cli, service, { number: flags.index });
    const found = (Ports ?? []).find(
      ({ PrivatePort, Type, PublicPort }) =>
        String(PrivatePort) === number && Type === protocol && PublicPort,
    );
    if (found === undefined) throw invalid(`no port ${number}/${protocol} for container ${service}`);
    cli.print(`${found.IP ?? '0.0.0.0'}:${found.PublicPort}`);
  },
});

async function runningIds(cli: Cli, services: readonly string[]): Promise<ContainerSummary[]> {
  const project = await openKnownProject(cli, { services });
  using session = await openSession(cli, project, { silent: true });
  return listContainers(session, { services });
}

export const stats = defineCompose({
  usage: '[flags] [SERVICE...]',
  flags: {
    all: toggle('', 'a', { hidden: true }),
    format: text('json, a template, or "table TEMPLATE"', 'FORMAT'),
    'no-stream': toggle('Show one sample and end'),
    'no-trunc': toggle('Do not shorten anything'),
  },
  args: [0, Number.POSITIVE_INFINITY],
  examples: ['wharf compose stats', 'wharf compose stats --no-stream web'],
  async run({ cli, flags, args }) {
    const ids = (await runningIds(cli, args)).map(({ Id }) => Id);
    if (ids.length === 0) throw notFound('no container of this project is running');
    const line = [
      ...(flags.format === undefined ? [] : ['--format', flags.format]),
      ...(flags['no-stream'] ? ['--no-stream'] : []),
      ...(flags['no-trunc'] ? ['--no-trunc'] : []),
    ];
    return statsCommand.execute(cli, 'wharf compose stats', [...line, ...ids]);
  },
});

export const top = defineCompose({
  usage: '[SERVICE...]',
  flags: {},
  args: [0, Number.POSITIVE_INFINITY],
  examples: ['wharf compose top', 'wharf compose top web'],
  async run({ cli, args }) {
    const { containers } = await cli.client();
    const found = await runningIds(cli, args);
    const tables = await Promise.all(found.map(({ Id }) => containers.top(Id)));
    const heads = tables[0]?.Titles;
    if (heads === undefined) return;
    const rows = tables.flatMap(({ Processes }, at) => {
      const labels = found[at]?.Labels ?? {};
      return (Processes ?? []).map((each) => [
        labels[label.service] ?? '',
        labels[label.number] ?? '',
        ...each,
      ]);
    });
    cli.stdout.write(renderTable([['SERVICE', '#', ...heads], ...rows]));
  },
});

export const attach = defineCompose({
  usage: '[flags] SERVICE',
  flags: {
    'detach-keys': text('Keys that leave the container running', 'KEYS'),
    index,
    'no-stdin': toggle('Do not pass input on'),
    'sig-proxy': toggle('Pass signals on to the container', undefined, { on: true }),
  },
  args: [1, 1],
  examples: ['wharf compose attach web'],
  async run({ cli, flags, args: [service = ''] }) {
    // What is typed would reach the container.
    if (isDry(cli)) throw unsupported('compose attach has no dry run: nothing was done');
    const { Id } = await containerOf(cli, service, { number: flags.index });
    const line = [
      ...(flags['detach-keys'] === undefined ? [] : ['--detach-keys', flags['detach-keys']]),
      ...(flags['no-stdin'] ? ['--no-stdin'] : []),
      `--sig-proxy=${flags['sig-proxy']}`,
    ];
    return attachCommand.execute(cli, 'wharf compose attach', [...line, Id]);
  },
});

export const exportTar = defineCompose({
  usage: '[flags] SERVICE',
  flags: { index, output: text('Write to this file', 'FILE', { short: 'o' }) },
  args: [1, 1],
  examples: ['wharf compose export -o web.tar web'],
  async run({ cli, flags, args: [service = ''] }) {
    const { Id, Names } = await containerOf(cli, service, { number: flags.index, all: true });
    if (isDry(cli)) {
      tellDry(cli, `Container ${plainName(Names)}`, ['Exporting', 'Exported']);
      return 0;
    }
    const line = flags.output === undefined ? [] : ['-o', flags.output];
    return exportCommand.execute(cli, 'wharf compose export', [...line, Id]);
  },
});

export const commit = defineCompose({
  usage: '[flags] SERVICE [NAME[:TAG]]',
  flags: {
    author: text('Who made it', 'TEXT', { short: 'a' }),
    change: many('Apply a Dockerfile instruction', 'LINE', { short: 'c' }),
    index,
    message: text('What was changed', 'TEXT', { short: 'm' }),
    pause: toggle('Pause the container meanwhile', 'p', { on: true }),
  },
  args: [1, 2],
  examples: ['wharf compose commit web web:changed'],
  async run({ cli, flags, args: [service = '', ...name] }) {
    const { Id, Names } = await containerOf(cli, service, { number: flags.index, all: true });
    if (isDry(cli)) {
      tellDry(cli, `Container ${plainName(Names)}`, ['Committing', 'Committed']);
      return 0;
    }
    const line = [
      ...(flags.author === undefined ? [] : ['-a', flags.author]),
      ...flags.change.flatMap((each) => ['-c', each]),
      ...(flags.message === undefined ? [] : ['-m', flags.message]),
      `--pause=${flags.pause}`,
    ];
    return commitCommand.execute(cli, 'wharf compose commit', [...line, Id, ...name]);
  },
});
