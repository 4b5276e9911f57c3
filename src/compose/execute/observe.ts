// Asks the engine what there is of a project.
import type { Client } from '#client/client.ts';
import { isMap, type Json } from '#compose/json.ts';
import type { Project } from '#compose/model.ts';
import { imageOf } from '#compose/plan/diverged.ts';
import { label } from '#compose/plan/labels.ts';
import { hookImages } from '#compose/plan/needs.ts';
import type { ObservedContainer, ObservedNetwork, ObservedState } from '#compose/plan/observed.ts';
import type { ContainerSummary } from '#shared/contract/container.ts';
import { isKind } from '#shared/errors.ts';

type Asked = Pick<Client, 'containers' | 'networks' | 'volumes' | 'images'>;

/** What there is of the project now. Only reads; `without` is not asked for, and looks as if it were not there. */
export async function observe(
  client: Asked,
  project: Project,
  without: { images?: boolean; volumes?: boolean } = {},
): Promise<ObservedState> {
  const hasVolumes = without.volumes !== true && Object.keys(project.volumes).length > 0;
  const [containers, networks, volumes, images] = await Promise.all([
    observeContainers(client, project.name),
    Object.keys(project.networks).length === 0 ? [] : client.networks.list(),
    hasVolumes ? client.volumes.list() : [],
    without.images === true ? { images: {} } : observeImages(client, project),
  ]);
  return {
    containers,
    networks: networks.map(({ Id, Name, Labels }) => ({ id: Id, name: Name, ...origin(Labels) })),
    volumes: volumes.map(({ Name, Labels }) => ({ name: Name, ...origin(Labels) })),
    ...images,
  };
}

/** The project's containers, stopped ones and one-offs too. */
export async function observeContainers(
  client: Pick<Client, 'containers'>,
  project: string,
): Promise<ObservedContainer[]> {
  const filters = JSON.stringify({ label: [`${label.project}=${project}`] });
  return (await client.containers.list({ all: true, filters })).map(containerOf);
}

function origin(
  labels: Record<string, string> | null,
): Pick<ObservedNetwork, 'project' | 'configHash' | 'made'> {
  const project = labels?.[label.project];
  const configHash = labels?.[label.configHash];
  const made = labels?.[label.made];
  return {
    ...(project === undefined ? {} : { project }),
    ...(configHash === undefined ? {} : { configHash }),
    ...(made === undefined ? {} : { made }),
  };
}

function containerOf(summary: ContainerSummary): ObservedContainer {
  const labels = summary.Labels ?? {};
  const made = parseMade(labels[label.made]);
  const health = /\((?:health: )?(starting|healthy|unhealthy)\)/.exec(summary.Status)?.[1];
  const exit = /^Exited \((\d+)\)/.exec(summary.Status)?.[1];
  const known = (['starting', 'healthy', 'unhealthy'] as const).find((one) => one === health);
  return {
    id: summary.Id,
    name: (summary.Names[0] ?? '').replace(/^\//, ''),
    service: labels[label.service] ?? '',
    number: Number(labels[label.number] ?? 1),
    oneOff: labels[label.oneOff] === 'True',
    phase: summary.State,
    configHash: labels[label.configHash] ?? '',
    imageId: summary.ImageID,
    networkIds: Object.values(summary.NetworkSettings?.Networks ?? {}).flatMap(
      ({ NetworkID }) => NetworkID ?? [],
    ),
    volumes: Object.fromEntries(
      (summary.Mounts ?? []).flatMap(({ Type, Name, Destination }) =>
        Type === 'volume' && Name ? [[Destination, Name]] : [],
      ),
    ),
    ...(made === undefined ? {} : { made }),
    ...(known === undefined ? {} : { health: known }),
    ...(exit === undefined ? {} : { exitCode: Number(exit) }),
  };
}

function parseMade(text: string | undefined): ObservedContainer['made'] {
  if (text === undefined) return undefined;
  try {
    const data: Json = JSON.parse(text);
    return isMap(data) ? data : undefined;
  } catch {
    return undefined;
  }
}

async function observeImages(
  client: Pick<Client, 'images'>,
  project: Project,
): Promise<Pick<ObservedState, 'images' | 'imageAgesMs'>> {
  const names = new Set(
    Object.entries(project.services).flatMap(([name, service]) => [
      imageOf(project, name),
      ...hookImages(service),
    ]),
  );
  const found = await Promise.all(
    [...names].map(async (name) => {
      try {
        return [{ name, image: await client.images.inspect(name) }];
      } catch (thrown) {
        if (isKind(thrown, 'not-found')) return [];
        throw thrown;
      }
    }),
  );
  const images: Record<string, string> = {};
  const imageAgesMs: Record<string, number> = {};
  for (const { name, image } of found.flat()) {
    images[name] = image.Id;
    const since = Date.parse(image.Metadata?.LastTagTime ?? '');
    if (since > 0) imageAgesMs[name] = Date.now() - since;
  }
  return { images, imageAgesMs };
}
