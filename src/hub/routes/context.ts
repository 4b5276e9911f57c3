// What every route works with.
import type { Guard } from '../auth/guard.ts';
import { refuse } from '../failures.ts';
import type { Hub } from '../hub.ts';
import type { PullThrough } from '../proxy/pull-through.ts';
import type { Exchange, Identity } from '../wire/exchange.ts';

export interface Context {
  hub: Hub;
  guard: Guard;
  proxy: PullThrough | undefined;
}

/** One request that was let in. */
export interface Asked {
  exchange: Exchange;
  identity: Identity;
  repository: string;
  /** Tag, digest or upload, as it was written; empty where the end-point has none. */
  target: string;
}

export type Answer = (context: Context, asked: Asked) => Promise<void> | void;

/** A cache has only what the other registry has. Throws UNSUPPORTED. */
export function assertWritable({ proxy }: Context): void {
  if (proxy === undefined) return;
  throw refuse('UNSUPPORTED', 'this hub is a cache of another registry: push there instead');
}

export function nameUnknown(repository: string): Error {
  return refuse('NAME_UNKNOWN', `repository ${repository} is not known to this hub`, {
    detail: { name: repository },
  });
}
