// The door of the build room: Dockerfiles to images.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { invalid, notFound } from '#shared/errors.ts';
import { msOf, nowRfc3339Nano, rfc3339NanoOf } from '#shared/notation/time.ts';
import { shortOf } from '#shared/oci/digest.ts';
import { hostPlatform } from '#shared/oci/platform.ts';
import { familiarReference, parseReference } from '#shared/oci/reference.ts';
import { BuildCache } from './cache/cache.ts';
import { ClientSessions, type Given } from './client-sessions.ts';
import { openContext } from './context.ts';
import { SyntaxProblem } from './dockerfile/errors.ts';
import type { Dockerfile, StepInstruction } from './dockerfile/instruction.ts';
import { parseDockerfile, parseStep } from './dockerfile/parse.ts';
import { imageConfigOf } from './image-state.ts';
import { CacheMounts } from './mounts/cache-mounts.ts';
import { type Plan, planBuild } from './plan.ts';
import { recoverBuilds } from './recover.ts';
import type { BuildDeps, BuildRequest, BuildResult } from './request.ts';
import { type BuildIntent, type BuildRoom, BuildSession } from './session.ts';
import { Solver } from './solve.ts';
import { BuildArgs, globalVariables } from './variables.ts';
import { type BuildTrace, Traces, Tracing } from './why/trace.ts';

export type { BuildDeps, BuildRequest, BuildResult } from './request.ts';
export { CommandFailed } from './request.ts';

export interface CacheEntryUsage {
  /** The step's key. */
  ID: string;
  Type: 'regular';
  Description: string;
  InUse: boolean;
  Shared: boolean;
  /** Bytes. */
  Size: number;
  CreatedAt: string;
  LastUsedAt: string;
  UsageCount: number;
}

export interface BuildPruneAnswer {
  CachesDeleted: string[];
  /** Bytes. */
  SpaceReclaimed: number;
}

/** One per engine. */
export class Build {
  #room: BuildRoom;
  #clients: ClientSessions;

  constructor(deps: BuildDeps) {
    const cache = new BuildCache(deps);
    const builds = deps.state.collection<BuildIntent>('builds');
    mkdirSync(join(deps.root, 'build'), { recursive: true, mode: 0o711 });
    const cacheMounts = new CacheMounts(deps.state, join(deps.root, 'build', 'mounts'));
    this.#clients = new ClientSessions(deps.root);
    const traces = new Traces(deps.state);
    this.#room = { ...deps, traces, cache, cacheMounts, builds };
  }

  /**
   * Builds an image; its tags move to it only when all of it is there. Lines are told as the classic builder tells
   * them. Throws what stopped it: `CommandFailed` for a RUN, `invalid` with file and line for a wrong Dockerfile,
   * `cancelled` where the request's signal aborted. Whatever happens nothing is left mounted or running.
   */
  async run(request: BuildRequest): Promise<BuildResult> {
    const { session } = request;
    if (session === undefined) return await this.#run(request);
    try {
      return await this.#run({ ...request, ...this.#clients.take(session) });
    } finally {
      this.#clients.drop(session);
    }
  }

  /** Keeps what a client gives for one build; its id is the build's `session`. */
  openSession(given: Given): string {
    return this.#clients.open(given);
  }

  /** Takes the tar of a named context for the build of that session. */
  async sendContext(session: string, name: string, tar: Readable): Promise<void> {
    await this.#clients.send(session, name, tar);
  }

  /**
   * What the last build of `subject` (a tag or the path of a Dockerfile; default the last build of all) did, each
   * step that ran with its cause. Throws `not-found`.
   */
  why(subject?: string): { build: string } & BuildTrace {
    const { traces } = this.#room;
    const found = subject === undefined || subject === '' ? traces.latest() : undefined;
    const name = found?.subject ?? nameOfSubject(subject ?? '');
    const trace = found?.trace ?? traces.find(name) ?? traces.find(subject ?? '');
    if (trace === undefined) throw notFound(`no build of ${subject || 'anything'} is known`);
    return { build: name, ...trace };
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
      tracing: new Tracing(started, this.#room.traces.find(subjectOf(request))),
    });
    try {
      const imageId = await solveRequest(session);
      loud.onLine?.({ aux: { ID: imageId } });
      warnUnused(session);
      loud.onLine?.({ stream: `Successfully built ${shortOf(imageId)}\n` });
      for (const tag of tags) loud.onLine?.({ stream: `Successfully tagged ${familiarReference(tag)}\n` });
      if (request.quiet === true) request.onLine?.({ stream: `${imageId}\n` });
      return { imageId };
    } finally {
      this.#room.traces.put(subjectOf(request), session.tracing.trace);
      session.end();
    }
  }

  /** Takes away what builds left that an engine did not live to see the end of. */
  async recover(): Promise<void> {
    await recoverBuilds(this.#room);
  }

  /** Every cached step, as `GET /system/df` shows it. */
  cacheUsage(): CacheEntryUsage[] {
    return this.#room.cache.list().map(({ key, record }) => ({
      ID: key,
      Type: 'regular',
      Description: record.instruction,
      InUse: this.#holdersBesides(key, record.layer?.chainId).some((holder) => holder.startsWith('build:')),
      Shared: this.#holdersBesides(key, record.layer?.chainId).length > 0,
      Size: record.layer?.sizeBytes ?? 0,
      CreatedAt: record.created,
      LastUsedAt: record.lastUsed,
      UsageCount: record.uses,
    }));
  }

  #holdersBesides(key: string, chainId: string | undefined): string[] {
    if (chainId === undefined) return [];
    return this.#room.leases.holders(`layer:${chainId}`).filter((holder) => holder !== `cache:${key}`);
  }

  /** Empties the folders of cache mounts that were not used since; those in use stay. */
  #forgetMounts(before: number): void {
    const { cacheMounts } = this.#room;
    const old = cacheMounts.list().filter(({ record }) => msOf(record.lastUsed) <= before);
    cacheMounts.forget(old.map(({ name }) => name));
  }

  /**
   * Forgets cached steps: those no image needs, or all; only ones not used for `unusedForMs`, and of those with
   * these `keys`, where given.
   */
  async prune(
    options: { all?: boolean; unusedForMs?: number; keys?: ReadonlySet<string> } = {},
  ): Promise<BuildPruneAnswer> {
    const before = Date.now() - (options.unusedForMs ?? 0);
    const { cache, snapshots } = this.#room;
    const chosen = cache.list().filter(({ key, record }) => {
      if (options.keys?.has(key) === false) return false;
      const users = this.#holdersBesides(key, record.layer?.chainId);
      if (users.some((holder) => holder.startsWith('build:'))) return false;
      return msOf(record.lastUsed) <= before && (options.all === true || users.length === 0);
    });
    await cache.forget(chosen.map(({ key }) => key));
    if (options.all === true && options.keys === undefined) this.#forgetMounts(before);
    const freed = chosen.filter(
      ({ record }) => record.layer !== null && !snapshots.hasLayer(record.layer.chainId),
    );
    return {
      CachesDeleted: chosen.map(({ key }) => key),
      SpaceReclaimed: freed.reduce((sum, { record }) => sum + (record.layer?.sizeBytes ?? 0), 0),
    };
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

function nameOfSubject(text: string): string {
  try {
    return familiarReference(parseReference(text));
  } catch {
    return text;
  }
}

async function solveRequest(session: BuildSession): Promise<`sha256:${string}`> {
  const { request, room } = session;
  session.assertGoing();
  const context = await openContext(session);
  const parsed = parseDockerfile(context.dockerfile, context.file);
  const { file, plan, epoch } = planRequest(session, parsed);
  const solver = new Solver({ session, plan, file, context, ...(epoch === undefined ? {} : { epoch }) });
  const state = await solver.run();
  session.assertGoing();
  if (state.created === undefined || state.history.length === 0) {
    state.created = epoch === undefined ? nowRfc3339Nano() : rfc3339NanoOf(epoch * 1000);
  }
  const { config, tags } = { config: imageConfigOf(state), tags: request.tags ?? [] };
  const image = await room.images.record({ config, layers: state.layers, tags });
  return image.id;
}

/** Labels of the request are the target's last step. */
function withLabels(file: Dockerfile, target: number, labels: Readonly<Record<string, string>>): Dockerfile {
  const entries = Object.entries(labels);
  if (entries.length === 0) return file;
  const quote = (text: string): string => `"${text.replace(/[\\"$]/g, '\\$&')}"`;
  const text = `LABEL ${entries.map(([name, value]) => `${quote(name)}=${quote(value)}`).join(' ')}`;
  const step: StepInstruction = parseStep(text, { file: '--label' });
  const stages = file.stages.map((stage) =>
    stage.index === target ? { ...stage, steps: [...stage.steps, step] } : stage,
  );
  return { ...file, stages };
}

function planRequest(
  session: BuildSession,
  parsed: Dockerfile,
): { file: Dockerfile; plan: Plan; epoch?: number } {
  const { request, buildArgs } = session;
  const target = request.target === undefined ? {} : { target: request.target };
  try {
    session.globals = globalVariables(parsed.globalArgs, {
      buildArgs,
      host: hostPlatform(),
      escape: parsed.directives.escape,
      ...(request.platform ? { target: request.platform } : {}),
    });
    const first = planBuild(parsed, { globals: session.globals, ...target });
    const file = withLabels(parsed, first.target, request.labels ?? {});
    const plan = file === parsed ? first : planBuild(file, { globals: session.globals, ...target });
    const epoch = buildArgs.epochSeconds();
    return { file, plan, ...(epoch === undefined ? {} : { epoch }) };
  } catch (thrown) {
    if (thrown instanceof SyntaxProblem) throw invalid(thrown.message, { cause: thrown });
    throw thrown;
  }
}

function warnUnused(session: BuildSession): void {
  const unused = session.buildArgs.unused();
  if (unused.length === 0) return;
  session.request.onLine?.({
    stream: `[Warning] One or more build-args [${unused.join(' ')}] were not consumed\n`,
  });
}
