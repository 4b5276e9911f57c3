// Follows a project that comes up: every line its containers write, and every end of one of them.
import { setTimeout as sleep } from 'node:timers/promises';
import { type LogLine, readContainerLogs, sourceOf } from '#compose/execute/look.ts';
import { observeContainers } from '#compose/execute/observe.ts';
import type { Session } from '#compose/execute/session.ts';
import type { ObservedContainer } from '#compose/plan/observed.ts';
import { isKind } from '#shared/errors.ts';

const lookMs = 150;

export interface Ended {
  service: string;
  source: string;
  exitCode: number;
}

export interface Following {
  /** All where there are none. */
  services?: readonly string[];
  /** Milliseconds since 1970: what was written before is not shown. */
  sinceMs: number;
  onLine: (line: LogLine) => void;
  onEnd: (ended: Ended) => void;
  /** True once no more containers will be started by us. */
  isUp: () => boolean;
  /** Ends it. */
  signal: AbortSignal;
  timestamps?: boolean;
}

/** Resolves once all that ran has ended (and `isUp`), or with the signal. */
export async function followProject(session: Session, following: Following): Promise<void> {
  const active = new Map<string, Promise<void>>();
  const over = new Set<string>();
  while (!following.signal.aborted) {
    // Asked before looking: what was started until then is seen.
    const isUp = following.isUp();
    const containers = (await observeContainers(session.client, session.project.name)).filter(
      ({ service, oneOff }) =>
        !oneOff && (!following.services?.length || following.services.includes(service)),
    );
    for (const container of containers) {
      const { id, phase } = container;
      const runs = phase === 'running' || phase === 'restarting' || phase === 'paused';
      if (active.has(id) || (!runs && over.has(id))) continue;
      if (!runs && !(await endedSince(session, id, following.sinceMs))) continue;
      const ended = followOne(session, container, following).then(() => {
        active.delete(id);
        over.add(id);
      });
      active.set(id, ended);
    }
    if (isUp && active.size === 0) return;
    // A container that is replaced while others run is found at the next look.
    await Promise.race([sleep(lookMs * (isUp ? 4 : 1)), ...(isUp ? active.values() : [])]);
  }
}

async function endedSince({ client }: Session, id: string, sinceMs: number): Promise<boolean> {
  try {
    const { State } = await client.containers.inspect(id);
    return State.Status === 'exited' && Date.parse(State.FinishedAt) >= sinceMs;
  } catch (thrown) {
    if (isKind(thrown, 'not-found')) return false;
    throw thrown;
  }
}

/** Through restarts of the container, until it ends for good or is removed. */
async function followOne(
  session: Session,
  container: ObservedContainer,
  following: Following,
): Promise<void> {
  const { onLine, onEnd, signal, timestamps } = following;
  const source = sourceOf(session.project.name, container.name);
  for (let sinceMs = following.sinceMs; !signal.aborted; sinceMs = Date.now()) {
    try {
      const since = (sinceMs / 1000).toFixed(3);
      const how = { follow: true, since, signal, ...(timestamps === true ? { timestamps } : {}) };
      await readContainerLogs(session, container, { ...how, onLine });
      const { State } = await session.client.containers.inspect(container.id);
      if (State.Running || State.Restarting) {
        await sleep(lookMs);
        continue;
      }
      onEnd({ service: container.service, source, exitCode: State.ExitCode });
      return;
    } catch (thrown) {
      if (signal.aborted || isKind(thrown, 'not-found')) return;
      throw thrown;
    }
  }
}
