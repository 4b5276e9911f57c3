// Builds the image of a service: its context goes to the engine as that of `wharf build` does.
import { isAbsolute, join } from 'node:path';
import { attestationsOf } from '#cli/commands/build/attestations.ts';
import { giveToBuild, servicesTaken } from '#cli/commands/compose/build-session.ts';
import type { Cli } from '#cli/context.ts';
import { type Context, openContext } from '#cli/files/context.ts';
import { type Sent, sendContext } from '#cli/files/send-context.ts';
import { registryConfig } from '#cli/terminal/credentials.ts';
import { progressError } from '#cli/terminal/progress.ts';
import type { Query } from '#client/wire.ts';
import type { Build, Project } from '#compose/model.ts';
import { imageOf } from '#compose/plan/diverged.ts';
import { conflict, EngineError, invalid } from '#shared/errors.ts';
import { hostPlatform, parsePlatform } from '#shared/oci/platform.ts';

export interface BuildWishes {
  noCache?: boolean;
  /** Ask the registry for newer base images. */
  pull?: boolean;
  /** `--build-arg`, over those of the file. */
  args?: Readonly<Record<string, string | null>>;
  quiet?: boolean;
  /** All that the file lists for the build; else what the service itself runs on. */
  everyPlatform?: boolean;
  signal?: AbortSignal | undefined;
}

export interface BuildTask {
  service: string;
  image: string;
  wishes: BuildWishes;
}

/** Afterwards the image has its name. Throws the build's error with the service's name. */
export async function buildService(
  cli: Cli,
  project: Project,
  task: BuildTask,
  chain: readonly string[] = [],
): Promise<void> {
  const build = project.services[task.service]?.build;
  if (build === undefined) return;
  await buildTaken(cli, project, { build, task, chain });
  const client = await cli.client();
  const config = registryConfig(cli.env);
  const options = {
    ...(config === undefined ? {} : { registryConfig: config }),
    ...(task.wishes.signal === undefined ? {} : { signal: task.wishes.signal }),
  };
  const { context, where } = contextOf(build);
  const { query: given, finish } = await giveToBuild(cli, project, { service: task.service, build });
  const query = { ...queryOf(build, project, task), ...where, ...given };
  const send = (sent: Sent) => client.images.build({ ...query, ...sent.query }, sent.tar, options);
  const lines =
    context === undefined
      ? await send({ query: {}, tar: undefined })
      : await sendContext(context, { builds: client.builds, env: cli.env }, send);
  for await (const line of lines) {
    const error = progressError(line);
    if (error !== undefined) {
      throw new EngineError('internal', `target ${task.service}: failed to solve: ${error.message}`, {
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    }
    const said = line.stream ?? '';
    if (task.wishes.quiet !== true && said.trim() !== '')
      cli.stderr.write(said.replace(/^(?=.)/gm, `#${task.service} `).replace(/([^\n])$/, '$1\n'));
  }
  if (task.wishes.signal?.aborted === true) throw conflict('interrupted');
  await finish();
}

/** Builds the services whose images this build takes as contexts; what is as it was comes from the cache. */
async function buildTaken(
  cli: Cli,
  project: Project,
  { build, task, chain }: { build: Build; task: BuildTask; chain: readonly string[] },
): Promise<void> {
  const longer = [...chain, task.service];
  for (const service of servicesTaken(build)) {
    if (longer.includes(service))
      throw invalid(`build.additional_contexts: cycle detected: ${[...longer, service].join(' → ')}`);
    await buildService(cli, project, { ...task, service, image: imageOf(project, service) }, longer);
  }
}

function contextOf(build: Build): { context: Context | undefined; where: Query } {
  const { context, dockerfile, dockerfile_inline: inline } = build;
  if (/^(?:https?|git|ssh):\/\/|^git@|^github\.com\//.test(context))
    return { context: undefined, where: { remote: context, dockerfile } };
  const file = dockerfile === undefined || isAbsolute(dockerfile) ? dockerfile : join(context, dockerfile);
  const found = openContext({
    path: context,
    file: inline === undefined ? file : undefined,
    ...(inline === undefined ? {} : { text: Buffer.from(inline) }),
  });
  return { context: found, where: { dockerfile: found.dockerfile } };
}

function queryOf(build: Build, project: Project, { service, image, wishes }: BuildTask): Query {
  const labels = {
    ...build.labels,
    'com.docker.compose.project': project.name,
    'com.docker.compose.service': service,
  };
  const args = { ...build.args, ...wishes.args };
  return {
    t: [image, ...(build.tags ?? [])],
    buildargs: Object.keys(args).length === 0 ? undefined : JSON.stringify(args),
    labels: JSON.stringify(labels),
    extrahosts: (build.extra_hosts ?? []).map((line) => line.replace('=', ':')),
    networkmode: build.network,
    nocache: wishes.noCache === true || build.no_cache === true,
    platform: platformOf(build, project.services[service]?.['platform'], wishes.everyPlatform),
    pull: wishes.pull === true || build.pull === true,
    rm: true,
    shmsize: build.shm_size,
    ...attestationsOf({ attest: [], provenance: wordOf(build.provenance), sbom: wordOf(build.sbom) }),
    target: build.target,
    ulimits: ulimitsOf(build),
  };
}

const wordOf = (value: boolean | string | undefined): string | undefined =>
  value === undefined ? undefined : String(value);

function ulimitsOf({ ulimits }: Build): string | undefined {
  if (ulimits === undefined) return undefined;
  const limits = Object.entries(ulimits).map(([Name, limit]) =>
    typeof limit === 'number'
      ? { Name, Soft: limit, Hard: limit }
      : { Name, Soft: limit.soft, Hard: limit.hard },
  );
  return JSON.stringify(limits);
}

/** `own`: what the service says for its containers. Throws `invalid` where the list of its build has it not. */
function platformOf({ platforms = [] }: Build, own: unknown, isEvery = false): string | undefined {
  const wanted = typeof own === 'string' ? own : undefined;
  if (platforms.length === 0) return wanted;
  if (wanted !== undefined && !platforms.includes(wanted))
    throw invalid(`service.build.platforms MUST include service.platform "${wanted}"`);
  if (isEvery) return platforms.join(',');
  const here = hostPlatform().architecture;
  return wanted ?? platforms.find((each) => parsePlatform(each).architecture === here) ?? platforms[0];
}
