// What the build of a service is given besides its context, in the words of the flags of `wharf build`.
import { type CacheExport, cacheExportsOf } from '#cli/commands/build/caches.ts';
import { deliver } from '#cli/commands/build/deliver.ts';
import { buildFlags } from '#cli/commands/image/build-query.ts';
import { openBuildSession } from '#cli/commands/image/build-session.ts';
import type { Cli } from '#cli/context.ts';
import { parseLine } from '#cli/grammar/flags.ts';
import type { Query } from '#client/wire.ts';
import { readText } from '#compose/load/files.ts';
import type { Build, FileGrant, Project } from '#compose/model.ts';
import { imageOf } from '#compose/plan/diverged.ts';
import { invalid, unsupported } from '#shared/errors.ts';

export interface ServiceBuild {
  service: string;
  build: Build;
}

export interface GivenToBuild {
  /** Of the build. */
  query: Query;
  /** After the build: brings caches to where the file wants them, and ends the session. */
  finish(): Promise<void>;
}

/**
 * Gives the engine the secrets, agents, contexts and caches of the build. Throws `unsupported` where the engine is
 * not ours: the API that others speak has no place for them.
 */
export async function giveToBuild(
  cli: Cli,
  project: Project,
  { service, build }: ServiceBuild,
): Promise<GivenToBuild> {
  const client = await cli.client();
  const nothing: GivenToBuild = { query: {}, finish: async () => undefined };
  const wanted = [...vital, ...helpful].filter((key) => Object.keys(build[key] ?? {}).length > 0);
  if (wanted.length === 0 && build.privileged !== true) return nothing;
  if (!(await client.builds.takesContexts())) {
    const absent = vital.find((key) => wanted.includes(key));
    if (absent === undefined)
      return { ...nothing, query: { cachefrom: JSON.stringify(build.cache_from ?? []) } };
    throw unsupported(`service "${service}": build.${absent} is not supported by this engine`, {
      hint: 'put what it needs into the context, or take it from build arguments',
    });
  }
  const env: Record<string, string | undefined> = { ...cli.env, ...project.environment };
  const caches: CacheExport[] = cacheExportsOf(build.cache_to ?? []);
  const flags = {
    ...parseLine(buildFlags, [], { stopAtArgument: false, name: 'wharf compose build' }).flags,
    secret: (build.secrets ?? []).map((grant, index) => secretWords(project, grant, { index, env })),
    ssh: (build.ssh ?? []).map((entry) => (entry === '' ? 'default' : entry)),
    'build-context': contextWords(project, build),
    allow: entitlementsOf(build),
    'no-cache-filter': build.no_cache_filter ?? [],
    'cache-from': build.cache_from ?? [],
    'cache-to': build.cache_to ?? [],
  };
  const session = await openBuildSession(client, flags, {
    env,
    outputs: [{ kind: 'image', push: false, names: [] }],
  });
  if (session === undefined) return nothing;
  return {
    query: { session },
    async finish() {
      await deliver(cli, client, { session, outputs: [], caches, tags: [], progress: cli.stderr });
      await client.images.endBuildSession(session);
    },
  };
}

/** A privileged build is one whose steps may ask to be. */
function entitlementsOf({ entitlements = [], privileged }: Build): string[] {
  return privileged === true ? [...new Set([...entitlements, 'security.insecure'])] : entitlements;
}

/** Without these a build is another one. */
const vital = ['additional_contexts', 'secrets', 'ssh', 'entitlements'] as const;
/** Without these it takes longer, no more. */
const helpful = ['no_cache_filter', 'cache_from', 'cache_to'] as const;

/** In the words of `--secret`. A file whose name would be taken apart there goes by a variable of this session's own. */
function secretWords(
  project: Project,
  grant: FileGrant,
  { index, env }: { index: number; env: Record<string, string | undefined> },
): string {
  const id = (grant.target ?? grant.source).split('/').at(-1) ?? grant.source;
  const known = project.secrets[grant.source];
  if (known?.environment !== undefined) return `id=${id},env=${known.environment}`;
  if (known?.file === undefined)
    throw invalid(`secret "${grant.source}" is external, and there is no store to take it from`, {
      hint: 'give it a file',
    });
  if (!known.file.includes(',')) return `id=${id},src=${known.file}`;
  const name = `WHARF_COMPOSE_SECRET_${index}`;
  env[name] = readText(known.file, known.file);
  return `id=${id},env=${name}`;
}

/** Services whose images the build takes as contexts. */
export function servicesTaken({ additional_contexts: contexts = {} }: Build): string[] {
  return Object.values(contexts).flatMap((source) =>
    source.startsWith(byService) ? [source.slice(byService.length)] : [],
  );
}

const byService = 'service:';

function contextWords(project: Project, build: Build): string[] {
  return Object.entries(build.additional_contexts ?? {}).map(([name, source]) => {
    if (!source.startsWith(byService)) return `${name}=${source}`;
    const service = source.slice(byService.length);
    if (project.services[service] === undefined)
      throw invalid(`build.additional_contexts.${name}: no such service: ${service}`);
    return `${name}=docker-image://${imageOf(project, service)}`;
  });
}
