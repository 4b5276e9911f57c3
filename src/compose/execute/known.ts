// A project of which only the name is known: as much of it as the engine has.
import type { Client } from '#client/client.ts';
import { observeContainers } from '#compose/execute/observe.ts';
import type { Project, Service } from '#compose/model.ts';
import { label, parseDependencies } from '#compose/plan/labels.ts';
import { notFound } from '#shared/errors.ts';

/** Services from the containers' labels, networks and volumes from their own. Throws `notFound` where there is nothing. */
export async function emptyProject(
  client: Pick<Client, 'containers' | 'networks' | 'volumes'>,
  name: string,
): Promise<Project> {
  const filters = JSON.stringify({ label: [`${label.project}=${name}`] });
  const [containers, observed, networks, volumes] = await Promise.all([
    client.containers.list({ all: true, filters }),
    observeContainers(client, name),
    client.networks.list(),
    client.volumes.list(),
  ]);
  const own = networks.filter(({ Labels }) => Labels?.[label.project] === name);
  const kept = volumes.filter(({ Labels }) => Labels?.[label.project] === name);
  if (observed.length + own.length + kept.length === 0)
    throw notFound(`no such project: ${name}`, {
      hint: 'name its file with -f, or see: wharf compose ls -a',
    });
  const services = Object.fromEntries(
    containers.map(({ Labels, Image }) => [Labels[label.service] ?? '', serviceOf(Labels, Image)]),
  );
  return {
    name,
    services,
    networks: Object.fromEntries(
      own.map((one) => [one.Labels?.[label.network] ?? one.Name, { name: one.Name }]),
    ),
    volumes: Object.fromEntries(
      kept.map((one) => [one.Labels?.[label.volume] ?? one.Name, { name: one.Name }]),
    ),
    secrets: {},
    configs: {},
    models: {},
    extensions: {},
    disabled: {},
    directory: containers[0]?.Labels[label.workingDirectory] ?? '/',
    files: (containers[0]?.Labels[label.configFiles] ?? '').split(',').filter((file) => file !== ''),
    environment: {},
    warnings: [],
    placeOf: () => undefined,
  };
}

function serviceOf(labels: Record<string, string>, image: string): Service {
  const needed = parseDependencies(labels[label.dependsOn] ?? '').map(({ service, condition, restart }) => [
    service,
    { condition: conditionOf(condition), restart, required: true },
  ]);
  return { image, depends_on: Object.fromEntries(needed) };
}

function conditionOf(text: string): 'service_started' | 'service_healthy' | 'service_completed_successfully' {
  return text === 'service_healthy' || text === 'service_completed_successfully' ? text : 'service_started';
}
