// Sends a context: by content to an engine that takes it so, as a tar to any other.
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Context } from '#cli/files/context.ts';
import type { Builds } from '#client/builds.ts';
import { isKind, messageOf } from '#shared/errors.ts';

/** What `POST /build` is given: the id of a context, or its tar. */
export type Sent = { query: { context?: string }; tar: Readable | undefined };

/**
 * Calls `build` with the context. What was built before the engine is believed to have; where it says that it has not,
 * what it lacks is sent and `build` called once more. A file that changes while it is sent is looked at again, twice.
 */
export async function sendContext<T>(
  context: Context,
  { builds, env }: { builds: Builds; env: Readonly<Record<string, string | undefined>> },
  build: (sent: Sent) => Promise<T>,
): Promise<T> {
  const taking = builds.takesContexts();
  // The files are looked at while the engine is asked.
  taking.catch(() => undefined);
  const cacheDir = cacheDirOf(env);
  let index = await context.index(cacheDir);
  if (!(await taking)) return await build({ query: {}, tar: context.tar });
  for (let attempt = 1; ; attempt++) {
    try {
      if (attempt > 1 || !index.isNew) return await build({ query: { context: index.id }, tar: undefined });
    } catch (thrown) {
      if (!isKind(thrown, 'conflict') || attempt > 3) throw thrown;
    }
    try {
      const { id, missing } = await builds.offerContext(await index.bytes());
      if (missing.length > 0) await builds.sendFiles(id, await index.send(missing));
    } catch (thrown) {
      if (attempt > 2 || !/changed while it was sent|still missing/.test(messageOf(thrown))) throw thrown;
      index = await context.index(cacheDir);
    }
  }
}

function cacheDirOf(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const base = env['XDG_CACHE_HOME'] ?? (env['HOME'] === undefined ? undefined : join(env['HOME'], '.cache'));
  return base === undefined || base === '' ? undefined : join(base, 'wharf', 'contexts');
}
