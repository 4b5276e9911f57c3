// The project that a command line means, and a session with its engine.
import { readFileSync } from 'node:fs';
import type { BuildWishes } from '#cli/commands/compose/build-image.ts';
import { globalsOf, isDry } from '#cli/commands/compose/globals.ts';
import { openSteps } from '#cli/commands/compose/steps.ts';
import type { Cli } from '#cli/context.ts';
import type { Env } from '#cli/files/config-file.ts';
import { NotKnown, openKnownTrees } from '#cli/files/known-trees.ts';
import { emptyProject } from '#compose/execute/known.ts';
import type { Session } from '#compose/execute/session.ts';
import { assembleProject, type LoadOptions } from '#compose/load/assemble.ts';
import type { Project } from '#compose/model.ts';
import { isKind, notFound } from '#shared/errors.ts';
import { parseReference } from '#shared/oci/reference.ts';

export type LoadWishes = Pick<
  LoadOptions,
  'services' | 'interpolate' | 'resolveEnvironment' | 'checkConsistency' | 'allResources' | 'profiles'
>;

/** Loads what the flags name, and shows its warnings. Throws `notFound` for a service that it does not have. */
export async function openProject(cli: Cli, wishes: LoadWishes = {}): Promise<Project> {
  const globals = globalsOf(cli);
  const project = await load(cli.env, {
    directory: process.cwd(),
    environment: cli.env,
    files: globals.file,
    projectDirectory: globals['project-directory'],
    projectName: globals['project-name'],
    profiles: globals.profile.length === 0 ? undefined : globals.profile,
    envFiles: globals['env-file'].length === 0 ? undefined : globals['env-file'],
    stdin: onceOnly(() => readFileSync(0, 'utf8')),
    ...(globals['all-resources'] ? { allResources: true } : {}),
    ...wishes,
  });
  for (const warning of project.warnings) warn(cli, warning);
  for (const name of wishes.services ?? []) {
    if (project.services[name] === undefined) throw notFound(`no such service: ${name}`);
  }
  return project;
}

/** The parser of YAML is only loaded for a file that it has not read before. */
async function load(env: Env, options: LoadOptions): Promise<Project> {
  const trees = openKnownTrees(env);
  try {
    return assembleProject(options, trees.known);
  } catch (thrown) {
    if (!(thrown instanceof NotKnown)) throw thrown;
  }
  const { readYaml } = await import('#compose/load/yaml.ts');
  return assembleProject(options, trees.learning(readYaml));
}

function onceOnly(read: () => string): () => string {
  let text: string | undefined;
  return () => {
    text ??= read();
    return text;
  };
}

/**
 * As `openProject`; where there is no file, but a name (`-p`), the project as far as its containers tell of it.
 */
export async function openKnownProject(cli: Cli, wishes: LoadWishes = {}): Promise<Project> {
  const { 'project-name': name, file } = globalsOf(cli);
  try {
    // A service may be gone from the file while its containers are still there.
    return await openProject(cli, { profiles: ['*'], ...wishes });
  } catch (thrown) {
    const said = name ?? cli.env['COMPOSE_PROJECT_NAME'];
    const hasFile = file.length > 0 || !isKind(thrown, 'not-found') || !isNoFile(thrown);
    if (said === undefined || hasFile) throw thrown;
    return emptyProject(await cli.client(), said);
  }
}

function isNoFile(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.message.startsWith('no configuration file');
}

export function warn(cli: Cli, message: string): void {
  cli.warn(`WARN[0000] ${message}`);
}

export interface SessionWishes extends BuildWishes {
  signal?: AbortSignal | undefined;
  /** `off`: a service is ready when it runs. */
  ready?: 'auto' | 'off' | undefined;
  /** Shows nothing of what is done. */
  silent?: boolean;
}

/** What the verbs of the room work with; disposing draws the last state of the steps. */
export async function openSession(
  cli: Cli,
  given: Project,
  wishes: SessionWishes = {},
): Promise<Session & Disposable> {
  const client = await cli.client();
  const project = await completed(cli, given);
  const { progress } = globalsOf(cli);
  const steps = openSteps(cli, {
    project: project.name,
    silent: wishes.silent === true || progress === 'quiet',
  });
  const base: Session = {
    client,
    project,
    async build(service, image) {
      // Contexts and their packing are much to load, and most calls build nothing.
      const { buildService } = await import('#cli/commands/compose/build-image.ts');
      await buildService(cli, project, { service, image, wishes });
    },
    async authFor(reference) {
      const { registryAuthFor } = await import('#cli/terminal/credentials.ts');
      return registryAuthFor(cli.env, parseReference(reference).registry);
    },
    dryRun: isDry(cli),
    onStep: (event) => steps.show(event),
    onWait: (text) => {
      if (wishes.silent !== true && progress !== 'quiet') cli.warn(` Waiting for ${text}`);
    },
    ready: wishes.ready ?? (cli.env['WHARF_COMPOSE_READY'] === 'off' ? 'off' : 'auto'),
    warn: (message) => warn(cli, message),
  };
  const withSignal = wishes.signal === undefined ? base : { ...base, signal: wishes.signal };
  return { ...withSignal, [Symbol.dispose]: () => steps[Symbol.dispose]() };
}

/** With what only the engine's address and the user's files tell. */
async function completed(cli: Cli, project: Project): Promise<Project> {
  if (!Object.values(project.services).some((service) => service['use_api_socket'] === true)) return project;
  const { withApiSocket } = await import('#cli/commands/compose/api-socket.ts');
  return withApiSocket(project, { address: (await cli.client()).address, env: cli.env });
}
