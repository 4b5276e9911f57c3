// The door of the build room: Dockerfiles to images.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { invalid, isKind, messageOf } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { nowRfc3339Nano } from '#shared/notation/time.ts';
import { shortOf } from '#shared/oci/digest.ts';
import { familiarReference, parseReference } from '#shared/oci/reference.ts';
import { BuildCache } from './cache/cache.ts';
import { importCaches } from './cache/import.ts';
import {
  type BuildPruneAnswer,
  type CacheEntryUsage,
  cacheUsage,
  type PruneOptions,
  pruneCache,
} from './cache/usage.ts';
import { type BuildMethod, type CallAnswer, callBuild } from './calls/call.ts';
import { ClientSessions, type Given, type SentKind } from './client-sessions.ts';
import { openContext } from './context.ts';
import { ContextStore } from './contexts/context-store.ts';
import { parseDockerfile } from './dockerfile/parse.ts';
import { BuildHistory } from './enter/history.ts';
import { type Built, type Finished, finishBuild, finishIndex } from './finish.ts';
import { withLoadedLayouts } from './layouts.ts';
import { BuildCheck } from './lint/check-build.ts';
import { CacheMounts } from './mounts/cache-mounts.ts';
import { KeptResult } from './output/kept-result.ts';
import { epochOf, isMultiPlatform, planRequest } from './plan-request.ts';
import type { BuildRecord, StepRecord } from './record/record.ts';
import { BuildRecords, nameOfSubject } from './record/records.ts';
import { Tracing } from './record/tracing.ts';
import { recoverBuilds } from './recover.ts';
import type { BuildDeps, BuildRequest, BuildResult, OutputKind } from './request.ts';
import { type BuildIntent, type BuildRoom, BuildSession } from './session.ts';
import { solve } from './solve.ts';
import { BuildArgs } from './variables.ts';

export type { BuildPruneAnswer, CacheEntryUsage } from './cache/usage.ts';
export type { BuildDeps, BuildRequest, BuildResult } from './request.ts';
export { CommandFailed } from './request.ts';

/** One per engine. */
export class Build implements AsyncDisposable {
  #room: BuildRoom;
  #clients: ClientSessions;
  #closing = new AbortController();
  #running = new Set<Promise<unknown>>();
  /** Builds that are over, and the files of their steps. */
  readonly history: BuildHistory;

  constructor(deps: BuildDeps) {
    const cache = new BuildCache(deps);
    const builds = deps.state.collection<BuildIntent>('builds');
    makeFolders(mkdirSync, join(deps.root, 'build'), 0o711);
    const cacheMounts = new CacheMounts(deps.state, join(deps.root, 'build', 'mounts'));
    this.#clients = new ClientSessions(deps.root);
    const records = new BuildRecords(deps, cache);
    this.history = new BuildHistory(deps, records);
    this.#room = { ...deps, records, cache, cacheMounts, contexts: new ContextStore(deps), builds };
  }

  /**
   * Builds an image; its tags move to it only when all of it is there. Lines are told as the classic builder tells
   * them. Throws what stopped it: `CommandFailed` for a RUN, `invalid` with file and line for a wrong Dockerfile,
   * `cancelled` where the request's signal aborted. Whatever happens nothing is left mounted or running.
   */
  async run(request: BuildRequest): Promise<BuildResult> {
    const signals = [this.#closing.signal, ...(request.signal === undefined ? [] : [request.signal])];
    const work = this.#runOfSession({ ...request, signal: AbortSignal.any(signals) });
    this.#running.add(work);
    try {
      return await work;
    } finally {
      this.#running.delete(work);
    }
  }

  /** Builds that go on are cancelled; afterwards nothing of them runs or is mounted. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#running);
  }

  async #runOfSession(request: BuildRequest): Promise<BuildResult> {
    const { session, context } = request;
    // Before anything is taken or noted: the client comes again with the files.
    if ('stored' in context) this.#room.contexts.open(context.stored)[Symbol.dispose]();
    if (session === undefined) return await this.#run(request);
    try {
      const given = { ...request, ...this.#clients.take(session) };
      const whole = await withLoadedLayouts(this.#room.images, given);
      const result = await this.#run(whole);
      if (!isFetched(whole)) await this.#clients.drop(session);
      return result;
    } catch (thrown) {
      await this.#clients.drop(session);
      throw thrown;
    }
  }

  /** Looks at the Dockerfile and builds nothing; what was found is told in full. Throws as `run` does. */
  async call(request: BuildRequest, method: BuildMethod): Promise<CallAnswer> {
    const { session } = request;
    try {
      const given = session === undefined ? {} : this.#clients.take(session);
      const answer = await callBuild(this.#room, { ...request, ...given }, method);
      request.onLine?.({ stream: answer.text });
      return answer;
    } finally {
      if (session !== undefined) await this.#clients.drop(session);
    }
  }

  /** Keeps the index of a context; what of its files is missing is to be sent. */
  offerContext(index: Buffer): { id: string; missing: string[] } {
    return this.#room.contexts.offer(index);
  }

  /** Takes the files that were missing; afterwards the context can be built from. */
  async fillContext(id: string, tar: Readable): Promise<void> {
    await this.#room.contexts.fill(id, tar);
  }

  /** Keeps what a client gives for one build; its id is the build's `session`. Throws `conflict` as `run` does. */
  openSession(given: Given): string {
    return this.#clients.open(given, this.#room.contexts);
  }

  /** Takes the tar of a named context, or of a cache, for the build of that session. */
  async sendContext(session: string, named: { name: string; kind: SentKind }, tar: Readable): Promise<void> {
    await this.#clients.send(session, named, tar);
  }

  /** What the build of that session made, as a tar that belongs to the caller. Throws `not-found`. */
  fetchOutput(session: string, kind: OutputKind): Readable {
    return this.#clients.fetch(session, kind);
  }

  /** The client has what it wanted. Safe to repeat. */
  async endSession(session: string): Promise<void> {
    await this.#clients.drop(session);
  }

  #keepFetched(request: BuildRequest, finished: Finished): void {
    if (request.session === undefined || !isFetched(request)) return;
    this.#clients.keep(request.session, new KeptResult(this.#room, request.session, finished));
  }

  /**
   * What the last build of `subject` (a tag or the path of a Dockerfile; default the last build of all) did, each
   * step that ran with its cause. Throws `not-found`.
   */
  why(subject?: string): { build: string; started: string; steps: StepRecord[] } {
    const { id, record } = this.#room.records.find(subject);
    return { build: record.subject, started: record.started, steps: this.#room.records.detail(id).steps };
  }

  async #run(request: BuildRequest): Promise<BuildResult> {
    const tags = (request.tags ?? []).map((tag) => parseReference(tag));
    if (tags.some((tag) => tag.digest !== undefined))
      throw invalid('invalid tag: a tag cannot have a digest');
    const tell = request.quiet === true ? () => undefined : request.onLine;
    const loud = { ...request, ...(tell === undefined ? {} : { onLine: tell }) };
    const buildArgs = new BuildArgs(request.buildArgs);
    const started = nowRfc3339Nano();
    const session = new BuildSession(this.#room, loud, {
      buildArgs,
      started,
      tracing: new Tracing(this.#room.records.before(subjectOf(request))),
    });
    if (request.resume !== undefined) session.done = this.#doneBy(request.resume);
    const record: BuildRecord = {
      subject: subjectOf(request),
      started,
      status: 'running',
      steps: 0,
      cached: 0,
    };
    this.#room.records.put(session.id, record);
    try {
      const finished = await solveRequest(session);
      const { digest: imageId, index } = finished;
      this.#keepFetched(request, finished);
      Object.assign(record, { status: 'done', imageId });
      loud.onLine?.({ aux: { ID: imageId } });
      if (index !== undefined) loud.onLine?.({ aux: { Index: index } });
      warnUnused(session);
      loud.onLine?.({ stream: `Successfully built ${shortOf(imageId)}\n` });
      for (const tag of isImage(request) ? tags : [])
        loud.onLine?.({ stream: `Successfully tagged ${familiarReference(tag)}\n` });
      if (request.quiet === true) request.onLine?.({ stream: `${imageId}\n` });
      return { imageId, ...(index === undefined ? {} : { index }) };
    } catch (thrown) {
      const status = isKind(thrown, 'cancelled') ? 'cancelled' : 'failed';
      Object.assign(record, { status, error: messageOf(thrown) });
      throw thrown;
    } finally {
      this.#keepRecord(session, record);
      session.end();
    }
  }

  /** Keys of the steps that a build did before it failed. Throws `not-found`. */
  #doneBy(build: string): Set<string> {
    const { id } = this.#room.records.find(build);
    const { steps } = this.#room.records.detail(id);
    return new Set(steps.flatMap(({ key, failed }) => (failed === true ? [] : [key])));
  }

  /** What a failed step left is in the record before the build lets go of it. */
  #keepRecord(session: BuildSession, record: BuildRecord): void {
    const { tracing, failedStep, kept, request } = session;
    const detail = tracing.detail();
    this.#room.records.end(
      session.id,
      {
        ...record,
        tookMs: tracing.now(),
        steps: detail.steps.length,
        cached: detail.steps.filter(({ cached, position }) => cached && position > 0).length,
        ...(failedStep === undefined ? {} : { failedStep }),
        ...(kept === undefined ? {} : { kept }),
      },
      { ...detail, ...(request.call === undefined ? {} : { call: request.call }) },
    );
  }

  /** Takes away what builds left that an engine did not live to see the end of. */
  async recover(): Promise<void> {
    await recoverBuilds(this.#room);
  }

  /** Every cached step and what failed steps left, as `GET /system/df` shows it. */
  cacheUsage(): CacheEntryUsage[] {
    return cacheUsage(this.#room);
  }

  /** Forgets cached steps, and what failed steps left. */
  async prune(options: PruneOptions = {}): Promise<BuildPruneAnswer> {
    return await pruneCache(this.#room, options);
  }
}

/** Opens the room; nothing is built or taken away yet. */
export function openBuild(deps: BuildDeps): Build {
  return new Build(deps);
}

/** What two builds have in common that are of the same thing. */
function subjectOf(request: BuildRequest): string {
  const [tag] = request.tags ?? [];
  return tag === undefined ? request.dockerfile || 'Dockerfile' : nameOfSubject(tag);
}

const isImage = ({ outputs = ['image'] }: BuildRequest): boolean => outputs.includes('image');
const isFetched = ({ outputs = [] }: BuildRequest): boolean => outputs.some((output) => output !== 'image');

async function solveRequest(session: BuildSession): Promise<Finished> {
  session.assertGoing();
  const context = await session.tracing.phase('context', () => openContext(session));
  const parsed = parseDockerfile(context.dockerfile, context.file);
  const planned = planRequest(session, parsed);
  const fixed = epochOf(session);
  const [{ plan, globals }] = planned;
  const check = new BuildCheck(session, { file: parsed, plan, globals, context });
  check.assertClean();
  session.elsewhere = await session.tracing.phase('cache import', () => importCaches(session));
  const states = await solve(planned.map((each) => ({ ...each, session, context, ...fixed })));
  session.assertGoing();
  const built = planned.flatMap((each, at): Built[] => {
    const state = states[at];
    return state === undefined ? [] : [{ plan: each, state }];
  });
  const [only] = built;
  const finished =
    only === undefined || isMultiPlatform(session.request) || isAttested(session.request)
      ? await finishIndex(session, built, { ...fixed, context })
      : await finishBuild(session, only, fixed);
  check.tellSummary();
  return finished;
}

/** What is said of an image stands beside it in an index. */
const isAttested = ({ provenance, sbom }: BuildRequest): boolean => provenance !== undefined || sbom === true;

function warnUnused(session: BuildSession): void {
  const unused = session.buildArgs.unused();
  if (unused.length === 0) return;
  session.request.onLine?.({
    stream: `[Warning] One or more build-args [${unused.join(' ')}] were not consumed\n`,
  });
}
