// Makes the container of `run`: one of a service's, with other words, beside those that `up` keeps.
import { randomBytes } from 'node:crypto';
import { copiedFiles, giveFiles } from '#compose/execute/grants.ts';
import { observe } from '#compose/execute/observe.ts';
import { perform } from '#compose/execute/perform.ts';
import { containerRequest } from '#compose/execute/requests.ts';
import { doInOrder } from '#compose/execute/schedule.ts';
import type { Session } from '#compose/execute/session.ts';
import type { Service } from '#compose/model.ts';
import { imageOf } from '#compose/plan/diverged.ts';
import { serviceHash } from '#compose/plan/hash.ts';
import { containerName, label } from '#compose/plan/labels.ts';
import type { ObservedState } from '#compose/plan/observed.ts';
import { planUp } from '#compose/plan/plan.ts';
import type { CreateStep } from '#compose/plan/steps.ts';
import type { ContainerCreateRequest } from '#shared/contract/container.ts';

export interface OneOff {
  name?: string | undefined;
  /** `--rm`: the engine removes it once it has ended. */
  remove: boolean;
  /** Takes the service's names on its networks. */
  useAliases: boolean;
  /** `--build` */
  build: boolean;
  /** The last say on what is asked of the engine. */
  change: (request: ContainerCreateRequest) => void;
}

/**
 * Afterwards the service's image, networks and volumes are there, and a container that has not been started. Resolves to
 * its id; to nothing where the session only tells. `service` is what the project says, changed as the command line wants it.
 */
export async function createOneOff(
  session: Session,
  { name, service }: { name: string; service: Service },
  wishes: OneOff,
): Promise<string | undefined> {
  const project = { ...session.project, services: { ...session.project.services, [name]: service } };
  const changed: Session = { ...session, project };
  const observed = await observe(session.client, project);
  await makeWhatItNeeds(changed, { name, observed, build: wishes.build });
  const own = wishes.name ?? `${project.name}-${name}-run-${randomBytes(6).toString('hex')}`;
  const step: CreateStep = {
    id: '',
    after: [],
    kind: 'create-container',
    service: name,
    number: 1,
    name: own,
    configHash: serviceHash(service),
  };
  if (session.dryRun === true) {
    for (const phase of ['begun', 'done'] as const) session.onStep?.({ step, phase });
    return undefined;
  }
  const request = await requestOf(changed, { step, observed, wishes });
  const { Id } = await session.client.containers.create(request, { name: own });
  try {
    await giveFiles(session, Id, { service, files: copiedFiles(project, service) });
  } catch (thrown) {
    await session.client.containers.remove(Id, { force: true }).catch(() => undefined);
    throw thrown;
  }
  return Id;
}

async function makeWhatItNeeds(
  session: Session,
  { name, observed, build }: { name: string; observed: ObservedState; build: boolean },
): Promise<void> {
  const plan = planUp(
    session.project,
    { ...observed, containers: [] },
    { services: [name], noDependencies: true, build: build ? 'always' : 'missing' },
  );
  const before = plan.steps.filter(({ kind }) =>
    ['pull', 'build', 'create-network', 'create-volume'].includes(kind),
  );
  await doInOrder(before, async (step) => {
    session.onStep?.({ step, phase: 'begun' });
    if (session.dryRun !== true) await perform(session, step, { observed });
    session.onStep?.({ step, phase: 'done' });
  });
}

async function requestOf(
  { client, project }: Session,
  { step, observed, wishes }: { step: CreateStep; observed: ObservedState; wishes: OneOff },
): Promise<ContainerCreateRequest> {
  const request = containerRequest(step, {
    project,
    keptVolumes: {},
    imageId: (await client.images.inspect(imageOf(project, step.service))).Id,
    containerOf: (other) =>
      observed.containers.find((container) => container.service === other && !container.oneOff)?.name ??
      containerName(project.name, other, { number: 1, own: project.services[other]?.container_name }),
  });
  request.Labels = { ...request.Labels, [label.oneOff]: 'True' };
  if (request.HostConfig !== undefined) {
    request.HostConfig = {
      ...request.HostConfig,
      AutoRemove: wishes.remove,
      RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
    };
  }
  if (!wishes.useAliases) {
    for (const endpoint of Object.values(request.NetworkingConfig?.EndpointsConfig ?? {})) {
      if (endpoint) endpoint.Aliases = (endpoint.Aliases ?? []).filter((alias) => alias === step.name);
    }
  }
  wishes.change(request);
  return request;
}
