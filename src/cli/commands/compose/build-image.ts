// Builds the image of a service: its context goes to the engine as that of `wharf build` does.
import { isAbsolute, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Cli } from '#cli/context.ts';
import { openContext } from '#cli/files/context.ts';
import { registryConfig } from '#cli/terminal/credentials.ts';
import { progressError } from '#cli/terminal/progress.ts';
import type { Query } from '#client/wire.ts';
import type { Build, Project } from '#compose/model.ts';
import { conflict, EngineError, unsupported } from '#shared/errors.ts';

export interface BuildWishes {
  noCache?: boolean;
  /** Ask the registry for newer base images. */
  pull?: boolean;
  /** `--build-arg`, over those of the file. */
  args?: Readonly<Record<string, string | null>>;
  quiet?: boolean;
  signal?: AbortSignal | undefined;
}

export interface BuildTask {
  service: string;
  image: string;
  wishes: BuildWishes;
}

/** Afterwards the image has its name. Throws the build's error with the service's name. */
export async function buildService(cli: Cli, project: Project, task: BuildTask): Promise<void> {
  const build = project.services[task.service]?.build;
  if (build === undefined) return;
  refuseAbsent(build, task.service);
  const client = await cli.client();
  const config = registryConfig(cli.env);
  const { tar, where } = contextOf(build);
  const lines = await client.images.build({ ...queryOf(build, project, task), ...where }, tar, {
    ...(config === undefined ? {} : { registryConfig: config }),
    ...(task.wishes.signal === undefined ? {} : { signal: task.wishes.signal }),
  });
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
}

/** What the build endpoint of the Engine API cannot be told. */
function refuseAbsent(build: Build, service: string): void {
  for (const key of ['additional_contexts', 'secrets', 'ssh'] as const) {
    const value = build[key];
    if (value === undefined || Object.keys(value).length === 0) continue;
    throw unsupported(`service "${service}": build.${key} is not supported`, {
      hint: 'put what it needs into the context, or take it from build arguments',
    });
  }
}

function contextOf(build: Build): { tar: Readable | undefined; where: Query } {
  const { context, dockerfile, dockerfile_inline: inline } = build;
  if (/^(?:https?|git|ssh):\/\/|^git@|^github\.com\//.test(context))
    return { tar: undefined, where: { remote: context, dockerfile } };
  const file = dockerfile === undefined || isAbsolute(dockerfile) ? dockerfile : join(context, dockerfile);
  const opened = openContext({
    path: context,
    file: inline === undefined ? file : undefined,
    ...(inline === undefined ? {} : { text: Buffer.from(inline) }),
  });
  return { tar: opened.tar, where: { dockerfile: opened.dockerfile } };
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
    cachefrom: build.cache_from === undefined ? undefined : JSON.stringify(build.cache_from),
    extrahosts: (build.extra_hosts ?? []).map((line) => line.replace('=', ':')),
    networkmode: build.network,
    nocache: wishes.noCache === true || build.no_cache === true,
    platform: platformOf(build, project.services[service]?.['platform']),
    pull: wishes.pull === true || build.pull === true,
    rm: true,
    shmsize: build.shm_size,
    target: build.target,
  };
}

function platformOf(build: Build, own: unknown): string | undefined {
  return typeof own === 'string' ? own : build.platforms?.[0];
}
