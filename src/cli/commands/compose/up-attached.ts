// `up` in the foreground: the output of the containers, until they end or are interrupted.

import { aborted, type Interrupts, untilInsisted } from '#cli/commands/compose/interrupts.ts';
import { openLines } from '#cli/commands/compose/log-lines.ts';
import { interrupted } from '#cli/commands/compose/up-flags.ts';
import type { Cli } from '#cli/context.ts';
import { replicasOf } from '#compose/check/clashes.ts';
import { type Ended, followProject } from '#compose/execute/follow.ts';
import type { Session } from '#compose/execute/session.ts';
import { type UpOptions, up } from '#compose/execute/up.ts';
import { killServices, stopServices } from '#compose/execute/verbs.ts';
import { watchProject } from '#compose/watch/watch.ts';

export interface AttachedUp {
  session: Session;
  interrupts: Interrupts;
  options: UpOptions;
  /** Which end of a container ends all. */
  aborts: 'any' | 'failure' | undefined;
  services: readonly string[];
  flags: {
    attach: string[];
    'attach-dependencies': boolean;
    'exit-code-from': string | undefined;
    'no-attach': string[];
    'no-color': boolean;
    'no-log-prefix': boolean;
    timestamps: boolean;
    watch: boolean;
  };
}

/** Resolves to the exit code: that of the container that ended all, 130 where the user did, else 0. */
export async function upAttached(cli: Cli, attached: AttachedUp): Promise<number> {
  const { session, interrupts, options, flags, aborts } = attached;
  const shown = shownServices(attached);
  const lines = openLines(cli, {
    sources: sourcesOf(session, shown),
    colour: !flags['no-color'],
    prefix: !flags['no-log-prefix'],
  });
  const ending = new AbortController();
  const decisive = Promise.withResolvers<Ended>();
  let isUp = false;
  const followed = followProject(session, {
    sinceMs: Date.now(),
    timestamps: flags.timestamps,
    onLine: (line) => void (shown.includes(line.service) && lines.write(line)),
    onEnd(ended) {
      if (shown.includes(ended.service)) lines.tell(ended.source, `exited with code ${ended.exitCode}`);
      if (aborts === 'any' || (aborts === 'failure' && ended.exitCode !== 0)) decisive.resolve(ended);
    },
    isUp: () => isUp,
    signal: ending.signal,
  });
  // Its failure is met below; until then nobody looks at it.
  followed.catch(() => undefined);
  try {
    await untilInsisted(cli, interrupts, up(session, options));
  } catch (thrown) {
    ending.abort();
    if (interrupts.first.aborted) {
      await stopAll(cli, attached);
      throw interrupted(session.project.name, interrupts);
    }
    throw thrown;
  }
  // What is watched may be restarted: that all have ended is not the end then.
  isUp = !flags.watch;
  const watched = flags.watch
    ? watchProject(session, {
        services: attached.services,
        signal: interrupts.first,
        say: (line) => cli.warn(line),
      })
    : new Promise<never>(() => undefined);
  const outcome = await Promise.race([
    followed,
    watched.then(() => 'interrupt' as const),
    decisive.promise,
    aborted(interrupts.first).then(() => 'interrupt' as const),
  ]);
  if (outcome === undefined) return 0;
  if (outcome === 'interrupt') cli.warn('Gracefully Stopping... press Ctrl+C again to force');
  else cli.warn('Aborting on container exit...');
  await stopAll(cli, attached);
  await Promise.race([followed, new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
  ending.abort();
  return outcome === 'interrupt' ? 130 : exitCodeOf(attached, outcome);
}

async function stopAll(cli: Cli, { session, interrupts, options }: AttachedUp): Promise<void> {
  // The interrupt was the wish to stop: the stopping itself goes on.
  const { signal: _, ...unbound } = session;
  const { timeoutSeconds } = options;
  const stopped = stopServices(unbound, timeoutSeconds === undefined ? {} : { timeoutSeconds });
  const forced = aborted(interrupts.second).then(async () => {
    cli.warn('Killing');
    await killServices(unbound);
  });
  await Promise.race([stopped, forced]);
  await stopped;
}

async function exitCodeOf({ session, flags }: AttachedUp, ended: Ended): Promise<number> {
  const from = flags['exit-code-from'];
  if (from === undefined || from === ended.service) return ended.exitCode;
  const { listContainers } = await import('#compose/execute/look.ts');
  const [container] = await listContainers(session, { services: [from], all: true });
  return container === undefined ? 0 : (await session.client.containers.inspect(container.Id)).State.ExitCode;
}

function shownServices({ session: { project }, services, flags }: AttachedUp): string[] {
  const all = Object.keys(project.services);
  const wanted = flags.attach.length > 0 ? flags.attach : flags['attach-dependencies'] ? [] : services;
  return all
    .filter((name) => wanted.length === 0 || wanted.includes(name))
    .filter((name) => !flags['no-attach'].includes(name))
    .filter((name) => project.services[name]?.['attach'] !== false || wanted.includes(name));
}

function sourcesOf({ project }: Session, services: readonly string[]): string[] {
  return services.flatMap((name) => {
    const service = project.services[name] ?? {};
    if (service.container_name !== undefined) return [service.container_name];
    return Array.from({ length: replicasOf(service) }, (_, index) => `${name}-${index + 1}`);
  });
}
