// Makes, replaces, starts, stops and removes the containers of a plan.
import { copiedFiles, giveFiles } from '#compose/execute/grants.ts';
import { runHooks } from '#compose/execute/hooks.ts';
import { containerRequest } from '#compose/execute/requests.ts';
import type { Session } from '#compose/execute/session.ts';
import { secondsOf } from '#compose/execute/values.ts';
import { waitForDependencies } from '#compose/execute/wait.ts';
import { containerName } from '#compose/plan/labels.ts';
import type { ObservedState } from '#compose/plan/observed.ts';
import type { ContainerStep, CreateStep, PreStartStep } from '#compose/plan/steps.ts';
import { isKind } from '#shared/errors.ts';

/** Makes the container of the step; the one that it replaces is gone afterwards, its anonymous volumes are kept. */
export async function createContainer(
  session: Session,
  step: CreateStep,
  observed: ObservedState,
): Promise<void> {
  const { client, project } = session;
  const service = project.services[step.service] ?? {};
  const files = copiedFiles(project, service);
  const old = step.replaces;
  const keptVolumes = old?.keepVolumes === true ? await anonymousVolumes(session, old.id) : {};
  const imageId = (await client.images.inspect(service.image ?? `${project.name}-${step.service}`)).Id;
  const request = containerRequest(step, {
    project,
    keptVolumes,
    imageId,
    containerOf: (name) => nameOf(session, name, observed),
  });
  const name = old === undefined ? step.name : `${old.id.slice(0, 12)}_${step.name}`;
  const platform = service['platform'];
  const { Id } = await client.containers.create(request, {
    name,
    ...(typeof platform === 'string' ? { platform } : {}),
  });
  try {
    await giveFiles(session, Id, { service, files });
  } catch (thrown) {
    // Without them it must not be taken for whole.
    await client.containers.remove(Id, { force: true }).catch(() => undefined);
    throw thrown;
  }
  if (old === undefined) return;
  await stopContainer(session, { ...step, kind: 'stop-container', name: old.name, containerId: old.id });
  await client.containers.remove(old.id, { force: true });
  await client.containers.rename(Id, step.name);
}

/** The first container of a service: the one that is there, or the one that this plan makes. */
function nameOf({ project }: Session, service: string, observed: ObservedState): string {
  const known = observed.containers.find((container) => container.service === service && !container.oneOff);
  return (
    known?.name ??
    containerName(project.name, service, { number: 1, own: project.services[service]?.container_name })
  );
}

async function anonymousVolumes({ client }: Session, id: string): Promise<Record<string, string>> {
  const { Mounts } = await client.containers.inspect(id);
  return Object.fromEntries(
    Mounts.flatMap(({ Type, Name, Destination }) =>
      Type === 'volume' && Name !== undefined && /^[0-9a-f]{64}$/.test(Name) ? [[Destination, Name]] : [],
    ),
  );
}

/** Resolves once the services that the step waits for are as far as it needs them. */
export async function waitBefore(session: Session, step: ContainerStep | PreStartStep): Promise<void> {
  if (step.waitFor === undefined) return;
  await waitForDependencies(session, step.waitFor, (waits) =>
    session.onStep?.({ step, phase: 'begun', waits }),
  );
}

/** Starts the container of the step once the services it waits for are as far as it needs them. */
export async function startContainer(session: Session, step: ContainerStep): Promise<void> {
  const { client, project } = session;
  await waitBefore(session, step);
  const id = step.containerId ?? step.name;
  // Whoever made it may have been cut off before it had them.
  if (step.fresh === true && step.containerId !== undefined) {
    const service = project.services[step.service] ?? {};
    await giveFiles(session, id, { service, files: copiedFiles(project, service) });
  }
  await client.containers.start(id);
  await runHooks(session, id, project.services[step.service]?.post_start);
}

/** Stops the container of the step; one that is gone already is fine. */
export async function stopContainer(
  session: Session,
  step: ContainerStep,
  timeoutSeconds?: number,
): Promise<void> {
  const { client, project } = session;
  const service = project.services[step.service];
  const id = step.containerId ?? step.name;
  const seconds = timeoutSeconds ?? secondsOf(service?.stop_grace_period);
  await ignoreMissing(async () => {
    if (service?.pre_stop !== undefined && (await client.containers.inspect(id)).State.Running)
      await runHooks(session, id, service.pre_stop);
    await client.containers.stop(id, seconds === undefined ? {} : { t: String(seconds) });
  });
}

/** Runs the deed; that its thing is gone already is as good. */
export async function ignoreMissing(deed: () => Promise<unknown>): Promise<void> {
  try {
    await deed();
  } catch (thrown) {
    if (!isKind(thrown, 'not-found')) throw thrown;
  }
}
