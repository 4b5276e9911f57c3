// wharf compose start, stop, restart, kill, pause, unpause and rm.
import { defineCompose, isDry, numberOf } from '#cli/commands/compose/globals.ts';
import { openKnownProject, openSession } from '#cli/commands/compose/project.ts';
import type { Cli } from '#cli/context.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { confirm } from '#cli/terminal/confirm.ts';
import { listContainers } from '#compose/execute/look.ts';
import type { Session } from '#compose/execute/session.ts';
import {
  killServices,
  pauseServices,
  removeServices,
  restartServices,
  startServices,
  stopServices,
  unpauseServices,
} from '#compose/execute/verbs.ts';
import { waitFor } from '#compose/execute/wait.ts';
import { invalid } from '#shared/errors.ts';

const anyNumber = [0, Number.POSITIVE_INFINITY] as const;
const grace = text('Grace time of a stop before SIGKILL', 'SECONDS', { short: 't' });

/** Does it, with a line before and after for each container. */
async function onContainers(
  cli: Cli,
  services: readonly string[],
  { words, all = true }: { words: readonly [begun: string | undefined, done: string]; all?: boolean },
  deed: (session: Session) => Promise<void>,
): Promise<void> {
  const project = await openKnownProject(cli, { services });
  using session = await openSession(cli, project);
  const containers = await listContainers(session, { services, all });
  const names = containers.map(({ Names }) => (Names[0] ?? '').replace(/^\//, ''));
  if (names.length === 0 && services.length > 0)
    throw invalid(`service "${services[0]}" has no container`, { hint: 'wharf compose up makes it' });
  if (words[0] !== undefined) for (const name of names) cli.warn(` Container ${name}  ${words[0]}`);
  await deed(session);
  for (const name of names) cli.warn(` Container ${name}  ${words[1]}`);
}

export const start = defineCompose({
  usage: '[flags] [SERVICE...]',
  flags: { wait: toggle('Wait until all run, healthy where they have a health check') },
  args: anyNumber,
  examples: ['wharf compose start', 'wharf compose start --wait web'],
  run: ({ cli, flags, args: services }) =>
    onContainers(cli, services, { words: ['Starting', 'Started'] }, async (session) => {
      await startServices(session, { services });
      if (!flags.wait || isDry(cli)) return;
      const names = services.length > 0 ? services : Object.keys(session.project.services);
      await Promise.all(names.map((name) => waitFor(session, name, { condition: 'running_or_healthy' })));
    }).then(() => 0),
});

export const stop = defineCompose({
  usage: '[flags] [SERVICE...]',
  flags: { timeout: grace },
  args: anyNumber,
  examples: ['wharf compose stop', 'wharf compose stop -t 2 web'],
  run: ({ cli, flags, args: services }) =>
    onContainers(cli, services, { words: ['Stopping', 'Stopped'] }, (session) =>
      stopServices(session, { services, timeoutSeconds: numberOf(flags.timeout, 'timeout') }),
    ).then(() => 0),
});

export const restart = defineCompose({
  usage: '[flags] [SERVICE...]',
  flags: { 'no-deps': toggle('', undefined, { hidden: true }), timeout: grace },
  args: anyNumber,
  examples: ['wharf compose restart', 'wharf compose restart web'],
  run: ({ cli, flags, args: services }) =>
    onContainers(cli, services, { words: ['Restarting', 'Started'] }, (session) =>
      restartServices(session, { services, timeoutSeconds: numberOf(flags.timeout, 'timeout') }),
    ).then(() => 0),
});

export const kill = defineCompose({
  usage: '[flags] [SERVICE...]',
  flags: {
    'remove-orphans': toggle('', undefined, { hidden: true }),
    signal: text('The signal (SIGKILL)', 'SIGNAL', { short: 's' }),
  },
  args: anyNumber,
  examples: ['wharf compose kill', 'wharf compose kill -s HUP web'],
  run: ({ cli, flags: { signal }, args: services }) =>
    onContainers(cli, services, { words: ['Killing', 'Killed'], all: false }, (session) =>
      killServices(session, { services, ...(signal === undefined ? {} : { signal }) }),
    ).then(() => 0),
});

export const pause = defineCompose({
  usage: '[SERVICE...]',
  flags: {},
  args: anyNumber,
  examples: ['wharf compose pause web'],
  run: ({ cli, args: services }) =>
    onContainers(cli, services, { words: [undefined, 'Paused'], all: false }, (session) =>
      pauseServices(session, { services }),
    ).then(() => 0),
});

export const unpause = defineCompose({
  usage: '[SERVICE...]',
  flags: {},
  args: anyNumber,
  examples: ['wharf compose unpause web'],
  run: ({ cli, args: services }) =>
    onContainers(cli, services, { words: [undefined, 'Unpaused'], all: false }, (session) =>
      unpauseServices(session, { services }),
    ).then(() => 0),
});

export const rm = defineCompose({
  usage: '[flags] [SERVICE...]',
  flags: {
    all: toggle('', 'a', { hidden: true }),
    force: toggle('Do not ask', 'f'),
    stop: toggle('Stop those that run first', 's'),
    volumes: toggle('Remove their anonymous volumes too', 'v'),
  },
  args: anyNumber,
  examples: ['wharf compose rm -f', 'wharf compose rm -sf web'],
  async run({ cli, flags, args: services }) {
    const project = await openKnownProject(cli, { services });
    using session = await openSession(cli, project);
    const found = await listContainers(session, { services, all: true });
    const leaving = found.filter(
      ({ State }) => flags.stop || !['running', 'paused', 'restarting'].includes(State),
    );
    const names = leaving.map(({ Names }) => (Names[0] ?? '').replace(/^\//, ''));
    if (names.length === 0) {
      cli.warn('No stopped containers');
      return;
    }
    if (!flags.force && !isDry(cli) && !(await confirm(cli, `Going to remove ${names.join(', ')}`))) return;
    await removeServices(session, { services, stop: flags.stop, volumes: flags.volumes });
    for (const name of names) cli.warn(` Container ${name}  Removed`);
  },
});
