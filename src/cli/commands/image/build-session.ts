// What `build` gives the engine besides the context: secrets, agents, further contexts, entitlements.
import { readFileSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { type CacheExport, cacheExportsOf, cacheImportsOf, sendCaches } from '#cli/commands/build/caches.ts';
import type { BuildOutput } from '#cli/commands/build/outputs.ts';
import { type BuildValues, platformsOf } from '#cli/commands/image/build-query.ts';
import { openFolder } from '#cli/files/context.ts';
import { sendFolders } from '#cli/files/send-context.ts';
import type { Client } from '#client/client.ts';
import type { BuildSessionRequest } from '#client/images.ts';
import { invalid } from '#shared/errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The session's id, or undefined where there is nothing to give. Throws `invalid`. */
export async function openBuildSession(
  client: Client,
  flags: BuildValues,
  { env, outputs }: { env: Environment; outputs: readonly BuildOutput[] },
): Promise<string | undefined> {
  const contexts = flags['build-context'].map(contextOf);
  const [imports, exports] = [cacheImportsOf(flags['cache-from']), cacheExportsOf(flags['cache-to'])];
  const given = {
    secrets: Object.fromEntries(flags.secret.map((text) => secretOf(text, env))),
    agents: Object.fromEntries(flags.ssh.map((text) => agentOf(text, env))),
    contexts: Object.fromEntries(contexts.filter(([, source]) => isElsewhere(source))),
    allow: flags.allow,
    noCacheStages: flags['no-cache-filter'].flatMap((text) => text.toLowerCase().split(',')),
    outputs: kindsOf(outputs, exports),
    cacheFrom: imports.flatMap(({ ref }) => (ref === undefined ? [] : [ref])),
    cacheTo: exports.map(({ dest: _, ...each }) => each),
  };
  const lists = [flags.secret, flags.ssh, contexts, flags.allow, flags['no-cache-filter'], imports, exports];
  const isPlain = given.outputs.length === 1 && given.outputs[0] === 'image';
  const nothing = isPlain && lists.every((list) => list.length === 0);
  if (nothing) return undefined;
  const here = contexts.filter(([, source]) => !isElsewhere(source));
  const folders = here.filter(([, source]) => !source.startsWith(layoutScheme));
  const id = await openWith(client, folders, { env, given });
  for (const [name, source] of here) {
    if (!source.startsWith(layoutScheme)) continue;
    const tar = await layoutOf(source.slice(layoutScheme.length), flags.platform);
    await client.images.sendBuildContext(id, { name, kind: 'image' }, tar);
  }
  await sendCaches(client, id, imports);
  return id;
}

const layoutScheme = 'oci-layout://';

/** What the engine fetches by itself. */
const isElsewhere = (source: string): boolean =>
  !source.startsWith(layoutScheme) && (source.includes('://') || /^git@[^:/]+:/.test(source));

async function layoutOf(place: string, platforms: readonly string[]): Promise<Readable> {
  const { packLayout } = await import('#cli/commands/build/layout-context.ts');
  return packLayout(place, platformsOf(platforms)?.split(',') ?? []);
}

/** Folders go as contexts do: only files that the engine lacks are sent. */
async function openWith(
  client: Client,
  folders: readonly [string, string][],
  { env, given }: { env: Environment; given: BuildSessionRequest },
): Promise<string> {
  if (folders.length === 0) return await client.images.buildSession(given);
  const opened = folders.map(([name, dir]) => {
    if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() !== true)
      throw invalid(`build context ${name}: ${dir} is not a directory`);
    return [name, openFolder(dir)] as const;
  });
  return await sendFolders(Object.fromEntries(opened), { builds: client.builds, env }, (ids) =>
    client.images.buildSession({ ...given, folders: ids }),
  );
}

/** What the engine is to make of the result. */
function kindsOf(outputs: readonly BuildOutput[], exports: readonly CacheExport[]): string[] {
  const kinds = new Set(outputs.flatMap(({ kind }) => (kind === 'nothing' ? [] : [kind])));
  return [...kinds, ...(exports.some(({ type }) => type === 'local') ? ['cache'] : [])];
}

function contextOf(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw invalid(`invalid context value: ${text}, expected NAME=SOURCE`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** `id=ID,src=FILE`, `id=ID,env=NAME`, `id=ID` (a variable or else a file of that name). The value is in base64. */
function secretOf(text: string, env: Environment): [string, string] {
  const fields = new Map(
    text.split(',').map((field): [string, string] => {
      const at = field.indexOf('=');
      return at < 0 ? [field, ''] : [field.slice(0, at), field.slice(at + 1)];
    }),
  );
  const id = fields.get('id');
  if (!id)
    throw invalid(`invalid secret ${JSON.stringify(text)}: it has no id`, {
      hint: 'as in --secret id=token,src=token.txt',
    });
  const file = fields.get('src') ?? fields.get('source');
  const name = fields.get('env') ?? (file === undefined && env[id] !== undefined ? id : undefined);
  if (name !== undefined) {
    const value = env[name];
    if (value === undefined) throw invalid(`secret ${id}: the variable ${name} is not set`);
    return [id, Buffer.from(value).toString('base64')];
  }
  try {
    return [id, readFileSync(file ?? id).toString('base64')];
  } catch (cause) {
    throw invalid(`secret ${id}: cannot read ${file ?? id}`, { cause });
  }
}

function agentOf(text: string, env: Environment): [string, string] {
  const [id = 'default', socket = env['SSH_AUTH_SOCK']] = text.split('=', 2);
  if (!socket)
    throw invalid(`no ssh agent for ${id}: SSH_AUTH_SOCK is not set`, {
      hint: 'start one with: eval $(ssh-agent); ssh-add',
    });
  return [id, socket];
}
