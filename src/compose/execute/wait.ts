// Waits until other services are as far as a service needs them.
import { setTimeout as sleep } from 'node:timers/promises';
import { observeContainers } from '#compose/execute/observe.ts';
import type { Session } from '#compose/execute/session.ts';
import type { ObservedContainer } from '#compose/plan/observed.ts';
import type { ContainerStep } from '#compose/plan/steps.ts';
import { conflict, messageOf } from '#shared/errors.ts';

const shortestMs = 20;
const longestMs = 300;

/** Resolves once all conditions hold. Throws `conflict` naming the container that can no longer get there. */
export async function waitForDependencies(
  session: Session,
  needed: NonNullable<ContainerStep['waitFor']>,
): Promise<void> {
  await Promise.all(
    needed.map(async ({ service, condition, required }) => {
      if (condition === 'service_started') return;
      try {
        await waitFor(session, service, condition);
      } catch (thrown) {
        if (required || session.signal?.aborted === true) throw thrown;
        session.warn?.(`optional dependency "${service}": ${messageOf(thrown)}`);
      }
    }),
  );
}

/** Asks again and again, quickly at first: most services are there within the first second or not for many. */
export async function waitFor(session: Session, service: string, condition: string): Promise<void> {
  for (let delayMs = shortestMs; ; delayMs = Math.min(longestMs, delayMs * 1.5)) {
    const containers = (await observeContainers(session.client, session.project.name)).filter(
      (container) => container.service === service && !container.oneOff,
    );
    const states = await Promise.all(containers.map((container) => stateOf(session, container, condition)));
    if (states.length > 0 && states.every((isThere) => isThere)) return;
    if (states.length === 0)
      throw conflict(`dependency failed to start: service "${service}" has no container`);
    await sleep(delayMs, undefined, session.signal === undefined ? {} : { signal: session.signal });
  }
}

async function stateOf(
  { client }: Session,
  container: ObservedContainer,
  condition: string,
): Promise<boolean> {
  const { State, Config } = await client.containers.inspect(container.id);
  const isOver = State.Status === 'exited' || State.Status === 'dead';
  if (condition === 'service_completed_successfully') {
    if (!isOver) return false;
    if (State.ExitCode === 0) return true;
    throw conflict(`service "${container.service}" didn't complete successfully: exit ${State.ExitCode}`);
  }
  if (isOver)
    throw conflict(`dependency failed to start: container ${container.name} exited (${State.ExitCode})`);
  const health = State.Health?.Status;
  if (condition === 'running_or_healthy' && (health === undefined || health === 'none')) return State.Running;
  if (health === undefined && (Config.Healthcheck?.Test ?? []).length === 0) {
    throw conflict(`dependency failed to start: container ${container.name} has no healthcheck configured`);
  }
  if (health === 'unhealthy')
    throw conflict(`dependency failed to start: container ${container.name} is unhealthy`);
  return health === 'healthy';
}
