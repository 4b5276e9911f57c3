// RUN steps of several stages get ready one after the other: the first of them runs while the next gets ready.
import type { BuildSession } from '../session.ts';

const last = new WeakMap<BuildSession, Promise<void>>();

/** Resolves when those before are ready; call what comes back when this one is, or never will be. */
export async function takeTurn(session: BuildSession): Promise<() => void> {
  const before = last.get(session);
  const { promise, resolve } = Promise.withResolvers<void>();
  last.set(session, before === undefined ? promise : before.then(() => promise));
  await before;
  return resolve;
}
