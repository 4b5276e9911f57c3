// wharf compose ls, version, events, wait and volumes.
import { defineCompose } from '#cli/commands/compose/globals.ts';
import { openKnownProject, openSession } from '#cli/commands/compose/project.ts';
import { many, text, toggle } from '#cli/grammar/flags.ts';
import { printRows } from '#cli/terminal/table.ts';
import { filtersOf } from '#cli/terminal/words.ts';
import { listContainers } from '#compose/execute/look.ts';
import { down as takeDown } from '#compose/execute/up.ts';
import { label } from '#compose/plan/labels.ts';
import { programVersion } from '#daemon/version.ts';
import { notFound } from '#shared/errors.ts';

/** The version of Docker Compose whose commands and labels these are. */
const composeVersion = '2.40.3';

export const version = defineCompose({
  usage: '[flags]',
  flags: { format: text('pretty or json', 'FORMAT', { short: 'f' }), short: toggle('The number only') },
  args: [0, 0],
  examples: ['wharf compose version', 'wharf compose version --short'],
  async run({ cli, flags }) {
    if (flags.short) cli.print(composeVersion);
    else if (flags.format === 'json') cli.print(JSON.stringify({ version: `v${composeVersion}` }));
    else cli.print(`Docker Compose version v${composeVersion} (Wharf ${programVersion()})`);
  },
});

export const ls = defineCompose({
  usage: '[flags]',
  flags: {
    all: toggle('Show projects that do not run too', 'a'),
    filter: many('Only these: name=shop', 'KEY=VALUE'),
    format: text('table or json', 'FORMAT'),
    quiet: toggle('Show names only', 'q'),
  },
  args: [0, 0],
  examples: ['wharf compose ls', 'wharf compose ls -a --format json'],
  async run({ cli, flags }) {
    const { containers } = await cli.client();
    const filters = filtersOf([], { label: [label.project] });
    const found = await containers.list({ all: flags.all, ...(filters === undefined ? {} : { filters }) });
    const wanted = flags.filter.filter((each) => each.startsWith('name=')).map((each) => each.slice(5));
    const projects = Map.groupBy(found, ({ Labels }) => Labels[label.project] ?? '');
    const rows = [...projects]
      .filter(([name]) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([Name, own]) => {
        const states = Map.groupBy(own, ({ State }) => State);
        const Status = [...states]
          .sort()
          .map(([state, some]) => `${state}(${some.length})`)
          .join(', ');
        return { Name, Status, ConfigFiles: own[0]?.Labels[label.configFiles] ?? 'N/A' };
      });
    if (flags.quiet) for (const { Name } of rows) cli.print(Name);
    else if (flags.format === 'json') cli.print(JSON.stringify(rows));
    else {
      const heads = { Name: 'NAME', Status: 'STATUS', ConfigFiles: 'CONFIG FILES' };
      printRows(cli, rows, { heads, columns: Object.keys(heads) });
    }
  },
});

export const events = defineCompose({
  usage: '[flags] [SERVICE...]',
  flags: {
    json: toggle('Each as a line of JSON'),
    since: text('From this time on', 'TIME'),
    until: text('Up to this time, then end', 'TIME'),
  },
  args: [0, Number.POSITIVE_INFINITY],
  examples: ['wharf compose events', 'wharf compose events --json web'],
  async run({ cli, flags, args }) {
    const { unixText } = await import('#cli/commands/inside/logs.ts');
    const project = await openKnownProject(cli, { services: args });
    const { system } = await cli.client();
    const filters = filtersOf([], { type: ['container'], label: [`${label.project}=${project.name}`] });
    const stream = await system.events({
      ...(filters === undefined ? {} : { filters }),
      ...(flags.since === undefined ? {} : { since: unixText(flags.since) }),
      ...(flags.until === undefined ? {} : { until: unixText(flags.until) }),
    });
    for await (const { Action, Actor, time, timeNano } of stream) {
      const attributes = Object.fromEntries(
        Object.entries(Actor.Attributes ?? {}).filter(
          ([key]) => !key.startsWith('com.docker.compose.') && key !== label.made,
        ),
      );
      const service = Actor.Attributes?.[label.service] ?? '';
      if (args.length > 0 && !args.includes(service)) continue;
      const micros = String(Math.floor((timeNano % 1e9) / 1000)).padStart(6, '0');
      const at = `${new Date(time * 1000).toISOString().slice(0, 19)}.${micros}`;
      if (flags.json) {
        cli.print(
          JSON.stringify({
            time: `${at}Z`,
            type: 'container',
            action: Action,
            id: Actor.ID,
            service,
            attributes,
          }),
        );
        continue;
      }
      const pairs = Object.entries(attributes).map(([key, value]) => `${key}=${value}`);
      cli.print(`${at.replace('T', ' ')} container ${Action} ${Actor.ID} (${pairs.join(', ')})`);
    }
  },
});

export const wait = defineCompose({
  usage: '[flags] SERVICE [SERVICE...]',
  flags: { 'down-project': toggle('Take the project down once the first has ended') },
  args: [1, Number.POSITIVE_INFINITY],
  examples: ['wharf compose wait migrations'],
  async run({ cli, flags, args }) {
    const project = await openKnownProject(cli, { services: args });
    using session = await openSession(cli, project);
    const { containers } = await cli.client();
    const found = await listContainers(session, { services: args, all: true });
    if (found.length === 0) throw notFound(`no containers for project "${project.name}"`);
    const exits = found.map(async ({ Id, Labels }) => {
      const { exit } = await containers.wait(Id);
      return { service: Labels[label.service] ?? '', code: (await exit).StatusCode };
    });
    const ended = flags['down-project'] ? [await Promise.race(exits)] : await Promise.all(exits);
    for (const { service, code } of ended)
      cli.print(`container for service "${service}" exited with code ${code}`);
    if (flags['down-project']) await takeDown(session);
    return ended.find(({ code }) => code !== 0)?.code ?? 0;
  },
});

export const volumes = defineCompose({
  usage: '[flags] [SERVICE...]',
  flags: { format: text('table, json or a template', 'FORMAT'), quiet: toggle('Show names only', 'q') },
  args: [0, Number.POSITIVE_INFINITY],
  examples: ['wharf compose volumes'],
  async run({ cli, flags, args }) {
    const project = await openKnownProject(cli, { services: args });
    const client = await cli.client();
    const used = new Set(
      (args.length > 0 ? args : Object.keys(project.services)).flatMap((name) =>
        (project.services[name]?.volumes ?? []).flatMap(({ type, source }) =>
          type === 'volume' && source !== undefined ? [project.volumes[source]?.name ?? source] : [],
        ),
      ),
    );
    const found = (await client.volumes.list()).filter(
      ({ Name, Labels }) => (args.length === 0 && Labels?.[label.project] === project.name) || used.has(Name),
    );
    if (flags.quiet) for (const { Name } of found) cli.print(Name);
    else {
      const heads = { Driver: 'DRIVER', Name: 'VOLUME NAME' };
      const rows = found.map(({ Driver, Name }) => ({ Driver, Name }));
      printRows(cli, rows, { heads, columns: ['Driver', 'Name'], format: flags.format });
    }
  },
});
