// Waits until other services are as far as a service needs them.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Condition, failed, missingFor, settling } from '#compose/execute/condition.ts';
import { observeContainers } from '#compose/execute/observe.ts';
import type { Session } from '#compose/execute/session.ts';
import type { ContainerStep } from '#compose/plan/steps.ts';
import { conflict, messageOf } from '#shared/errors.ts';

const shortestMs = 20;
const longestMs = 300;
// Plain `depends_on` promises a start and no more: what exposes a port that it never serves must not stop the others.
const startedPatienceMs = 60_000;

/** Told what is waited for, each time that it is another. */
export type Tell = (text: string) => void;

/** Resolves once all conditions hold. Throws `conflict` naming the container that can no longer get there. */
export async function waitForDependencies(
  session: Session,
  needed: NonNullable<ContainerStep['waitFor']>,
  tell?: Tell,
): Promise<void> {
  await Promise.all(
    needed.map(async ({ service, condition, required }) => {
      if (condition === 'service_started' && session.ready === 'off') return;
      // Its program has answered, or the start had not come as far.
      if (session.project.services[service]?.provider !== undefined) return;
      try {
        await waitFor(session, service, { condition: condition as Condition, tell });
      } catch (thrown) {
        if (required || session.signal?.aborted === true) throw thrown;
        session.warn?.(`optional dependency "${service}": ${messageOf(thrown)}`);
      }
    }),
  );
}

/** Asks again and again, quickly at first: most services are there within the first second or not for many. */
export async function waitFor(
  session: Session,
  service: string,
  { condition, tell }: { condition: Condition; tell?: Tell | undefined },
): Promise<void> {
  const untilMs = condition === 'service_started' ? Date.now() + startedPatienceMs : Number.POSITIVE_INFINITY;
  let told = '';
  for (let delayMs = shortestMs; ; delayMs = Math.min(longestMs, delayMs * 1.5)) {
    const missing = await missingOf(session, service, condition);
    if (missing === undefined) return;
    if (Date.now() > untilMs) {
      session.warn?.(`service "${service}" is started, but not ready: ${missing}`);
      return;
    }
    if (missing !== told && missing !== settling) tell?.(`${service} (${missing})`);
    told = missing;
    await pause(session, service, { delayMs, missing });
  }
}

async function missingOf(
  session: Session,
  service: string,
  condition: Condition,
): Promise<string | undefined> {
  const containers = (await observeContainers(session.client, session.project.name)).filter(
    (container) => container.service === service && !container.oneOff,
  );
  if (containers.length === 0) {
    if (condition === 'service_started') return undefined;
    throw conflict(`dependency failed to start: service "${service}" has no container`);
  }
  const missing = await Promise.all(containers.map((container) => missingFor(session, container, condition)));
  return missing.find((text) => text !== undefined);
}

/** Throws, when the time is up or the user has had enough, with what was missing and what the service said last. */
async function pause(
  session: Session,
  service: string,
  { delayMs, missing }: { delayMs: number; missing: string },
): Promise<void> {
  try {
    await sleep(delayMs, undefined, session.signal === undefined ? {} : { signal: session.signal });
  } catch (thrown) {
    // The signal that ended the waiting must not end the asking why.
    const { signal: _, ...unwaited } = session;
    const containers = await observeContainers(unwaited.client, unwaited.project.name).catch(() => []);
    const container = containers.find((one) => one.service === service && !one.oneOff);
    if (container === undefined) throw thrown;
    throw await failed(unwaited, container, `service "${service}" is not ready: ${missing}`);
  }
}
