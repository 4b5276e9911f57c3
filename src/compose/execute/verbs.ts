// The verbs on containers that are there: start, stop, restart, kill, pause, unpause, rm.
import { ignoreMissing, stopContainer } from '#compose/execute/containers.ts';
import { copiedFiles, giveFiles } from '#compose/execute/grants.ts';
import { runHooks } from '#compose/execute/hooks.ts';
import { observeContainers } from '#compose/execute/observe.ts';
import { runPreStart } from '#compose/execute/pre-start.ts';
import { doInOrder } from '#compose/execute/schedule.ts';
import type { Session } from '#compose/execute/session.ts';
import { secondsOf } from '#compose/execute/values.ts';
import { waitForDependencies } from '#compose/execute/wait.ts';
import type { ObservedContainer } from '#compose/plan/observed.ts';

export interface VerbOptions {
  /** All of the project where there are none. */
  services?: readonly string[];
  timeoutSeconds?: number | undefined;
}

type Deed = (container: ObservedContainer, all: readonly ObservedContainer[]) => Promise<void>;

/** Starts containers that do not run, each after the services it needs. */
export function startServices(session: Session, options: VerbOptions = {}): Promise<void> {
  const prepared = new Map<string, Promise<void>>();
  return forEach(session, options, { order: 'needs first' }, async ({ id, service, phase }, all) => {
    if (phase === 'running') return;
    const { depends_on, post_start } = session.project.services[service] ?? {};
    const waitFor = Object.entries(depends_on ?? {}).map(([name, needed]) => ({ service: name, ...needed }));
    await waitForDependencies(session, waitFor);
    if (phase === 'created') {
      const before = prepared.get(service) ?? prepare(session, service, all);
      prepared.set(service, before);
      await before;
    }
    await session.client.containers.start(id);
    await runHooks(session, id, post_start);
  });
}

/** What containers of the service get before their first start. */
async function prepare(session: Session, name: string, all: readonly ObservedContainer[]): Promise<void> {
  const service = session.project.services[name] ?? {};
  const own = all.filter((container) => container.service === name);
  const fresh = own.filter(({ phase }) => phase === 'created');
  const files = copiedFiles(session.project, service);
  for (const { id } of fresh) await giveFiles(session, id, { service, files });
  const containers = fresh.map((container) => container.name);
  await runPreStart(session, { service: name, containers, once: fresh.length === own.length });
}

/** Stops containers, each before the services it needs. */
export function stopServices(session: Session, options: VerbOptions = {}): Promise<void> {
  return forEach(session, options, { order: 'needs last' }, (container) =>
    stopContainer(session, asStep(container), options.timeoutSeconds),
  );
}

/** Restarts containers, and those of services that ask to be restarted with them, each after what it needs. */
export function restartServices(session: Session, options: VerbOptions = {}): Promise<void> {
  const named = options.services?.length ? options.services : Object.keys(session.project.services);
  const together = Object.entries(session.project.services)
    .filter(([, { depends_on = {} }]) => named.some((name) => depends_on[name]?.restart === true))
    .map(([name]) => name);
  const services = [...new Set([...named, ...together])];
  return forEach(session, { ...options, services }, { order: 'needs first' }, async ({ id, service }) => {
    const seconds = options.timeoutSeconds ?? secondsOf(session.project.services[service]?.stop_grace_period);
    await session.client.containers.restart(id, seconds === undefined ? {} : { t: String(seconds) });
  });
}

export function killServices(
  session: Session,
  options: VerbOptions & { signal?: string } = {},
): Promise<void> {
  return forEach(session, options, {}, async ({ id, phase }) => {
    if (phase === 'running' || phase === 'paused') await session.client.containers.kill(id, options.signal);
  });
}

export function pauseServices(session: Session, options: VerbOptions = {}): Promise<void> {
  return forEach(session, options, {}, async ({ id, phase }) => {
    if (phase === 'running') await session.client.containers.pause(id);
  });
}

export function unpauseServices(session: Session, options: VerbOptions = {}): Promise<void> {
  return forEach(session, options, {}, async ({ id, phase }) => {
    if (phase === 'paused') await session.client.containers.unpause(id);
  });
}

/** Removes containers that do not run; with `stop` those that do are stopped first. */
export function removeServices(
  session: Session,
  options: VerbOptions & { stop?: boolean; volumes?: boolean } = {},
): Promise<void> {
  return forEach(session, options, { order: 'needs last' }, async (container) => {
    const runs = ['running', 'paused', 'restarting'].includes(container.phase);
    if (runs && options.stop !== true) return;
    if (runs) await stopContainer(session, asStep(container), options.timeoutSeconds);
    await ignoreMissing(() =>
      session.client.containers.remove(container.id, {
        force: true,
        ...(options.volumes === true ? { v: true } : {}),
      }),
    );
  });
}

function asStep({ id, name, service }: ObservedContainer) {
  return { id: `stop ${name}`, after: [], kind: 'stop-container' as const, service, name, containerId: id };
}

async function forEach(
  session: Session,
  { services }: VerbOptions,
  { order }: { order?: 'needs first' | 'needs last' },
  deed: Deed,
): Promise<void> {
  const containers = (await observeContainers(session.client, session.project.name)).filter(
    ({ service, oneOff }) => !oneOff && (!services?.length || services.includes(service)),
  );
  const needs = (one: ObservedContainer, other: ObservedContainer): boolean =>
    session.project.services[one.service]?.depends_on?.[other.service] !== undefined;
  const steps = containers.map((container) => ({
    id: container.id,
    container,
    after: containers
      .filter(
        (other) =>
          (order === 'needs first' && needs(container, other)) ||
          (order === 'needs last' && needs(other, container)),
      )
      .map(({ id }) => id),
  }));
  if (session.dryRun === true) return;
  await doInOrder(steps, ({ container }) => deed(container, containers));
}
