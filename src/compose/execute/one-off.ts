// Makes the container of `run`: one of a service's, with other words, beside those that `up` keeps.
import { randomBytes } from 'node:crypto';
import { copiedFiles, tarOf } from '#compose/execute/grants.ts';
import { observe } from '#compose/execute/observe.ts';
import { perform } from '#compose/execute/perform.ts';
import { containerRequest } from '#compose/execute/requests.ts';
import { doInOrder } from '#compose/execute/schedule.ts';
import type { Session } from '#compose/execute/session.ts';
import type { Service } from '#compose/model.ts';
import { imageOf } from '#compose/plan/diverged.ts';
import { serviceHash } from '#compose/plan/hash.ts';
import { containerName, label } from '#compose/plan/labels.ts';
import { planUp } from '#compose/plan/plan.ts';
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
 * Afterwards the service's image, networks and volumes are there, and a container that has not been started.
 * Resolves to its id. `service` is what the project says, changed as the command line wants it.
 */
export async function createOneOff(
  session: Session,
  { name, service }: { name: string; service: Service },
  wishes: OneOff,
): Promise<string> {
  const project = { ...session.project, services: { ...session.project.services, [name]: service } };
  const changed: Session = { ...session, project };
  const observed = await observe(session.client, project);
  const plan = planUp(
    project,
    { ...observed, containers: [] },
    {
      services: [name],
      noDependencies: true,
      build: wishes.build ? 'always' : 'missing',
    },
  );
  const before = plan.steps.filter(({ kind }) =>
    ['pull', 'build', 'create-network', 'create-volume'].includes(kind),
  );
  await doInOrder(before, async (step) => {
    session.onStep?.({ step, phase: 'begun' });
    await perform(changed, step, { observed });
    session.onStep?.({ step, phase: 'done' });
  });
  const own = wishes.name ?? `${project.name}-${name}-run-${randomBytes(6).toString('hex')}`;
  const request = containerRequest(
    {
      id: '',
      after: [],
      kind: 'create-container',
      service: name,
      number: 1,
      name: own,
      configHash: serviceHash(service),
    },
    {
      project,
      keptVolumes: {},
      imageId: (await session.client.images.inspect(imageOf(project, name))).Id,
      containerOf: (other) =>
        observed.containers.find((container) => container.service === other && !container.oneOff)?.name ??
        containerName(project.name, other, { number: 1, own: project.services[other]?.container_name }),
    },
  );
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
      if (endpoint) endpoint.Aliases = (endpoint.Aliases ?? []).filter((alias) => alias === own);
    }
  }
  wishes.change(request);
  const { Id } = await session.client.containers.create(request, { name: own });
  const files = copiedFiles(project, service);
  if (files.length > 0) await session.client.containers.putArchive(Id, '/', await tarOf(files));
  return Id;
}
