// Does one step of a plan at the engine.
import {
  createContainer,
  ignoreMissing,
  startContainer,
  stopContainer,
  waitBefore,
} from '#compose/execute/containers.ts';
import type { Provided } from '#compose/execute/provided.ts';
import { networkRequest, volumeRequest } from '#compose/execute/requests.ts';
import type { Session } from '#compose/execute/session.ts';
import type { ObservedState } from '#compose/plan/observed.ts';
import type { ImageStep, Step, ThingStep } from '#compose/plan/steps.ts';
import { internal, isKind, notFound, unsupported } from '#shared/errors.ts';
import { parseReference, repositoryOf } from '#shared/oci/reference.ts';

export interface PerformOptions {
  observed: ObservedState;
  /** `-t` */
  timeoutSeconds?: number | undefined;
  /** Takes what providers tell. */
  provided?: Provided | undefined;
  /** Remove anonymous volumes with their containers. */
  removeAnonymousVolumes?: boolean | undefined;
}

/** Afterwards the step is done. Throws the engine's error, with the service's name where it does not tell one. */
export async function perform(session: Session, step: Step, options: PerformOptions): Promise<void> {
  const { client } = session;
  // What few projects have is loaded when it is wanted.
  switch (step.kind) {
    case 'pull':
      return pullImage(session, step);
    case 'build':
      return buildImage(session, step);
    case 'create-container':
      return createContainer(session, step, options.observed);
    case 'start-container':
      return startContainer(session, step);
    case 'unpause-container':
      return void (await client.containers.unpause(step.containerId ?? step.name));
    case 'provide':
    case 'dismiss':
      return (await import('#compose/execute/providers.ts')).askProvider(session, step, options.provided);
    case 'pre-start':
      await waitBefore(session, step);
      return (await import('#compose/execute/pre-start.ts')).runPreStart(session, step);
    case 'stop-container':
      return stopContainer(session, step, options.timeoutSeconds);
    case 'remove-container': {
      const query = { force: true, ...(options.removeAnonymousVolumes === true ? { v: true } : {}) };
      return ignoreMissing(() => client.containers.remove(step.containerId ?? step.name, query));
    }
    default:
      return performThing(session, step);
  }
}

async function performThing({ client, project }: Session, step: ThingStep): Promise<void> {
  const network = project.networks[step.key];
  const volume = project.volumes[step.key];
  if (step.kind === 'create-network' && network !== undefined) {
    await client.networks.create(networkRequest(project.name, step.key, network));
  } else if (step.kind === 'create-volume' && volume !== undefined) {
    await client.volumes.create(volumeRequest(project.name, step.key, volume));
  } else if (step.kind === 'remove-network') {
    await ignoreMissing(() => removeNetwork(client, step.name));
  } else if (step.kind === 'remove-volume') await ignoreMissing(() => client.volumes.remove(step.name));
  else if (step.kind === 'remove-image') await ignoreMissing(() => client.images.remove(step.name));
  else throw internal(`${step.kind} ${step.name}: the project does not have ${step.key}`);
}

/** Containers of others that are still on it are taken off. */
async function removeNetwork({ networks }: Session['client'], name: string): Promise<void> {
  try {
    await networks.remove(name);
  } catch (thrown) {
    if (!isKind(thrown, 'forbidden') && !isKind(thrown, 'conflict')) throw thrown;
    const { Containers } = await networks.inspect(name);
    for (const id of Object.keys(Containers ?? {})) await networks.disconnect(name, id, true);
    await networks.remove(name);
  }
}

async function pullImage(
  { client, authFor, onStep, project, signal }: Session,
  step: ImageStep,
): Promise<void> {
  const reference = parseReference(step.image);
  const platform = project.services[step.service]?.['platform'];
  const query = {
    fromImage: repositoryOf(reference),
    ...tagOf(reference),
    ...(typeof platform === 'string' ? { platform } : {}),
  };
  const lines = await client.images.pull(query, await authFor?.(step.image), signal);
  for await (const { error, status, id, progress } of lines) {
    if (error !== undefined) throw notFound(error, { hint: `service "${step.service}" wants this image` });
    if (status !== undefined)
      onStep?.({ step, phase: 'begun', note: [id, status, progress].filter((part) => part).join(' ') });
  }
}

function tagOf({ tag, digest }: { tag?: string; digest?: string }): { tag?: string } {
  const wanted = digest ?? tag;
  return wanted === undefined ? {} : { tag: wanted };
}

async function buildImage({ build }: Session, step: ImageStep): Promise<void> {
  if (build === undefined)
    throw unsupported(`service "${step.service}" has to be built, and there is no builder here`);
  await build(step.service, step.image);
}
