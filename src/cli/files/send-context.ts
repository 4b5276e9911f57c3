// Sends a context: by content to an engine that takes it so, as a tar to any other.
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Context } from '#cli/files/context.ts';
import type { ContextIndex } from '#cli/files/context-index.ts';
import type { Builds } from '#client/builds.ts';
import { isKind, messageOf } from '#shared/errors.ts';

/** What `POST /build` is given: the id of a context, or its tar. */
export type Sent = { query: { context?: string }; tar: Readable | undefined };

interface Sender {
  builds: Pick<Builds, 'offerContext' | 'sendFiles'>;
  env: Readonly<Record<string, string | undefined>>;
}

/** As `sendFolders` for the only context of a build, which goes as a tar to engines that are not ours. */
export async function sendContext<T>(
  context: Context,
  sender: Sender & { builds: Pick<Builds, 'takesContexts'> },
  build: (sent: Sent) => Promise<T>,
): Promise<T> {
  const taking = sender.builds.takesContexts();
  // The files are looked at while the engine is asked.
  taking.catch(() => undefined);
  const index = await context.index(cacheDirOf(sender.env));
  if (!(await taking)) return await build({ query: {}, tar: await context.tar() });
  return await sendAll([{ folder: context, index }], sender, ([id]) =>
    build({ query: { ...(id === undefined ? {} : { context: id }) }, tar: undefined }),
  );
}

/** Calls `take` with the ids of the folders, by their names; the engine has them then. */
export async function sendFolders<T>(
  folders: Readonly<Record<string, Pick<Context, 'index'>>>,
  sender: Sender,
  take: (ids: Record<string, string>) => Promise<T>,
): Promise<T> {
  const names = Object.keys(folders);
  const known: Indexed[] = [];
  for (const folder of Object.values(folders))
    known.push({ folder, index: await folder.index(cacheDirOf(sender.env)) });
  return await sendAll(known, sender, (ids) =>
    take(Object.fromEntries(ids.flatMap((id, at) => (names[at] === undefined ? [] : [[names[at], id]])))),
  );
}

interface Indexed {
  folder: Pick<Context, 'index'>;
  index: ContextIndex;
}

/**
 * Calls `take`. What was built before the engine is believed to have; where it says that it has not, what it lacks is
 * sent and `take` called once more. A file that changes while it is sent is looked at again, twice.
 */
async function sendAll<T>(
  known: readonly Indexed[],
  { builds, env }: Sender,
  take: (ids: string[]) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      const isNew = known.some(({ index }) => index.isNew);
      if (attempt > 1 || !isNew) return await take(known.map(({ index }) => index.id));
    } catch (thrown) {
      if (!isKind(thrown, 'conflict') || attempt > 3) throw thrown;
    }
    for (const each of known) {
      try {
        const { id, missing } = await builds.offerContext(await each.index.bytes());
        if (missing.length > 0) await builds.sendFiles(id, await each.index.send(missing));
      } catch (thrown) {
        if (attempt > 2 || !/changed while it was sent|still missing/.test(messageOf(thrown))) throw thrown;
        each.index = await each.folder.index(cacheDirOf(env));
      }
    }
  }
}

function cacheDirOf(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const base = env['XDG_CACHE_HOME'] ?? (env['HOME'] === undefined ? undefined : join(env['HOME'], '.cache'));
  return base === undefined || base === '' ? undefined : join(base, 'wharf', 'contexts');
}
