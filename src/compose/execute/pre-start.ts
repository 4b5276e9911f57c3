// Runs the containers of `pre_start`: each to its end, before those of their service start.
import { failed } from '#compose/execute/condition.ts';
import { ignoreMissing } from '#compose/execute/containers.ts';
import { copiedFiles, giveFiles } from '#compose/execute/grants.ts';
import { observeContainers } from '#compose/execute/observe.ts';
import { containerRequest } from '#compose/execute/requests.ts';
import type { Session } from '#compose/execute/session.ts';
import type { Hook, Project, Service } from '#compose/model.ts';
import { imageOf } from '#compose/plan/diverged.ts';
import { label } from '#compose/plan/labels.ts';
import type { PreStartStep } from '#compose/plan/steps.ts';
import type { ContainerCreateRequest } from '#shared/contract/container.ts';
import { conflict, notFound } from '#shared/errors.ts';

/**
 * Afterwards all that is due has ended well, in the order of the file. Throws `conflict` with the last lines of one that
 * did not; its container is kept, to be looked at, until the next try.
 */
export async function runPreStart(
  session: Session,
  { service, containers, once }: Pick<PreStartStep, 'service' | 'containers' | 'once'>,
): Promise<void> {
  const hooks = session.project.services[service]?.pre_start ?? [];
  for (const [at, hook] of hooks.entries()) {
    const chosen = hook.per_replica === true ? containers : once ? containers.slice(0, 1) : [];
    await Promise.all(chosen.map((container) => runOne(session, { service, hook, at, container })));
  }
}

interface Run {
  service: string;
  hook: Hook;
  /** Its place in the list. */
  at: number;
  /** Whose volumes it shares, by name. */
  container: string;
}

async function runOne(session: Session, run: Run): Promise<void> {
  const { client, signal } = session;
  const name = `${run.container}-pre_start-${run.at + 1}`;
  await ignoreMissing(() => client.containers.remove(name, { force: true, v: true }));
  const { Id } = await client.containers.create(await requestOf(session, run, name), { name });
  const service = session.project.services[run.service] ?? {};
  await giveFiles(session, Id, { service, files: copiedFiles(session.project, service) });
  const { exit } = await client.containers.wait(Id, 'next-exit');
  await client.containers.start(Id);
  const ended = await Promise.race([exit, abortOf(signal)]);
  const remove = () => ignoreMissing(() => client.containers.remove(Id, { force: true, v: true }));
  if (ended === undefined) {
    await remove();
    throw conflict('interrupted');
  }
  if (ended.StatusCode === 0) return remove();
  const [container] = (await observeContainers(client, session.project.name)).filter(({ id }) => id === Id);
  const what = `service "${run.service}": pre_start "${run.hook.command.join(' ')}" exited with code ${ended.StatusCode}`;
  throw container === undefined ? conflict(what) : await failed(session, container, what);
}

function abortOf(signal: AbortSignal | undefined): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) resolve(undefined);
    signal?.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

/** The service's container with the words of the hook: on its networks, with its mounts, unknown by its names. */
async function requestOf(session: Session, run: Run, name: string): Promise<ContainerCreateRequest> {
  const { client, project } = session;
  const service = hookService(project, run);
  const changed: Project = { ...project, services: { ...project.services, [run.service]: service } };
  const image = imageOf(changed, run.service);
  const found = await client.images.inspect(image).catch(() => undefined);
  if (found === undefined) throw notFound(`service "${run.service}": no such image: ${image} (pre_start)`);
  const containers = await observeContainers(client, project.name);
  const request = containerRequest(
    { id: '', after: [], kind: 'create-container', service: run.service, number: 1, name, configHash: '' },
    {
      project: changed,
      keptVolumes: {},
      imageId: found.Id,
      containerOf: (other) =>
        containers.find((one) => one.service === other && !one.oneOff)?.name ?? `${project.name}-${other}-1`,
    },
  );
  const { [label.made]: _, ...labels } = request.Labels ?? {};
  request.Labels = { ...labels, [label.oneOff]: 'True' };
  request.HostConfig = {
    ...request.HostConfig,
    RestartPolicy: { Name: 'no' },
    VolumesFrom: [...(request.HostConfig?.VolumesFrom ?? []), run.container],
  };
  for (const endpoint of Object.values(request.NetworkingConfig?.EndpointsConfig ?? {}))
    if (endpoint) endpoint.Aliases = [];
  return request;
}

/** What only one container can have is left out: ports, addresses, and what watches it. */
function hookService(project: Project, { service: name, hook }: Run): Service {
  const {
    container_name: _,
    entrypoint,
    expose: __,
    healthcheck: ___,
    mac_address: ____,
    ports: _____,
    secrets: ______,
    configs: _______,
    ...service
  } = project.services[name] ?? {};
  const networks = Object.entries(service.networks ?? {}).map(([key, own]) => {
    const { ipv4_address: _4, ipv6_address: _6, mac_address: _mac, ...shared } = own ?? {};
    return [key, shared];
  });
  return {
    ...service,
    image: hook.image ?? imageOf(project, name),
    command: hook.command,
    // Another image has another one.
    ...(hook.image === undefined && entrypoint !== undefined ? { entrypoint } : {}),
    environment: { ...service.environment, ...hook.environment },
    healthcheck: { disable: true },
    networks: Object.fromEntries(networks),
    // The others are taken over with those of the container.
    volumes: (service.volumes ?? []).filter(({ type }) => type === 'tmpfs'),
    tty: false,
    stdin_open: false,
    ...(hook.user === undefined ? {} : { user: hook.user }),
    ...(hook.privileged === undefined ? {} : { privileged: hook.privileged }),
    ...(hook.working_dir === undefined ? {} : { working_dir: hook.working_dir }),
  };
}
