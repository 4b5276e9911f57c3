// Solves the graph of stages: those that do not need each other are built at the same time.
import type { ImageRecord } from '#engine/images/record.ts';
import { EngineError, internal, invalid } from '#shared/errors.ts';
import { shortOf } from '#shared/oci/digest.ts';
import { hostPlatform, normalPlatform, parsePlatform } from '#shared/oci/platform.ts';
import { baseImage, stateOf } from './base-image.ts';
import { type Context, openTree, textIn } from './context.ts';
import { nearest } from './dockerfile/nearest.ts';
import { parseStep } from './dockerfile/parse.ts';
import { childState, type ImageState, scratchState } from './image-state.ts';
import { type Lane, Lanes } from './lanes.ts';
import { contextNamed, sourceStage, titleOf, type Vertex, waitsFor } from './plan.ts';
import type { PlannedRequest } from './plan-request.ts';
import type { ContextSource, ImageSource } from './request.ts';
import type { BuildSession } from './session.ts';
import { fixedTimeOf, runSteps, type StageRun, shortIdOf } from './stage.ts';
import { StageNetworks } from './stage-network.ts';
import { layersTree } from './steps/layers-tree.ts';
import type { MountedTree } from './steps/step.ts';
import { parseIgnore } from './tree/ignore.ts';
import type { SourceTree } from './tree/source-tree.ts';

export interface SolveInput extends PlannedRequest {
  session: BuildSession;
  context: Context;
  epoch?: number;
}

/** What the platforms of one build share. */
interface Shared {
  lanes: Lanes;
  /** All of them, so far as it is known. */
  steps: number;
  /** What stopped the build. */
  first?: { thrown: unknown };
}

/**
 * What the target has become for each platform. The first failure stops every other stage, and is thrown once all have
 * ended: nothing is left mounted or running.
 */
export async function solve(inputs: readonly SolveInput[]): Promise<ImageState[]> {
  const [any] = inputs;
  const shared: Shared = { lanes: new Lanes((line) => any?.session.request.onLine?.(line)), steps: 0 };
  const solvers = inputs.map((input) => new Solver(input, shared));
  await Promise.all(solvers.map((solver) => solver.run()));
  if (shared.first !== undefined) throw shared.first.thrown;
  return await Promise.all(solvers.map((solver) => solver.result()));
}

/** Works on one platform of a build. */
class Solver {
  #input: SolveInput;
  #shared: Shared;
  #vertices: Vertex[];
  #stages = new Map<number, Promise<ImageState>>();
  #ended: Promise<void>[] = [];
  #numbers = new Map<number, number>();
  #causes = new Map<number, StageRun['progress']>();
  #contexts = new Map<string, Promise<SourceTree>>();

  constructor(input: SolveInput, shared: Shared) {
    this.#input = input;
    this.#shared = shared;
    this.#vertices = [...input.plan.vertices];
    for (const vertex of this.#vertices) this.#number(vertex);
  }

  #number({ stage }: Vertex): void {
    this.#numbers.set(stage.index, this.#shared.steps + 1);
    this.#shared.steps += 1 + stage.steps.length;
  }

  /** Ends when every stage has; what failed is with what the platforms share. */
  async run(): Promise<void> {
    for (const vertex of this.#vertices) this.#begin(vertex);
    // A trigger of a base image may have begun more meanwhile.
    for (let count = 0; count !== this.#ended.length; ) {
      count = this.#ended.length;
      await Promise.all(this.#ended);
    }
  }

  #begin(vertex: Vertex): void {
    const work = this.#runStage(vertex, this.#shared.lanes.open());
    this.#stages.set(vertex.stage.index, work);
    this.#watch(work);
  }

  /** The build does not end before `work` does, and fails where it fails. */
  #watch(work: Promise<unknown>): void {
    const ended = work.then(
      () => undefined,
      (thrown: unknown) => {
        this.#shared.first ??= { thrown };
        this.#input.session.stop();
      },
    );
    this.#ended.push(ended);
  }

  /** After a `run` that nothing stopped. */
  async result(): Promise<ImageState> {
    return await this.#stage(this.#input.plan.target);
  }

  async #stage(index: number): Promise<ImageState> {
    const stage = this.#stages.get(index);
    if (stage === undefined) throw internal(`stage ${index} is not part of the build`);
    return await stage;
  }

  /** Another stage, with a note of how long this one waited for it. */
  async #awaited({ stage }: Vertex, index: number): Promise<ImageState> {
    const { session, file, label } = this.#input;
    const sinceMs = session.tracing.now();
    const state = await this.#stage(index);
    const other = file.stages[index];
    const waited = other === undefined ? String(index) : titleOf(other, label);
    session.tracing.waited(titleOf(stage, label), waited, sinceMs);
    return state;
  }

  async #runStage(vertex: Vertex, lane: Lane): Promise<ImageState> {
    const { session, file, context, epoch, label } = this.#input;
    const networks = new StageNetworks(session);
    const first = this.#numbers.get(vertex.stage.index) ?? 1;
    const progress: StageRun['progress'] = { position: 0, number: first - 1 };
    const announce = (text: string): void => {
      progress.number += 1;
      const of = label === undefined ? '' : `[${label}] `;
      lane.tell({ stream: `Step ${progress.number}/${this.#shared.steps} : ${of}${text}\n` });
    };
    const startMs = session.tracing.now();
    // The stages are registered right after this one began: nothing may be asked of them before.
    await Promise.resolve();
    try {
      const state = await this.#startStage(vertex, lane, announce);
      const run = {
        session,
        lane,
        state,
        escapeChar: file.directives.escape,
        file: file.file,
        globals: this.#input.globals,
        ...this.#traceOf(vertex, state, { progress, startMs }),
        fixedTime: fixedTimeOf(state, epoch),
        ...(epoch === undefined ? {} : { epoch }),
        context: async () => context.tree,
        treeOf: (reference: string) => this.#treeOf(vertex, lane, reference),
        network: (mode: string) => networks.get(mode),
      };
      await seedFromContext(vertex, session, run);
      await this.#runTriggers(vertex, run);
      await runSteps({ ...run, announce }, vertex.stage.steps);
      return state;
    } finally {
      // Whoever waits for the files need not wait for this as well.
      this.#watch(networks.close());
      lane.end();
    }
  }

  /** Notes what the stage starts from, and whether that is what it was in the build before. */
  #traceOf(
    vertex: Vertex,
    state: ImageState,
    begun: Pick<StageRun, 'progress'> & { startMs: number },
  ): Pick<StageRun, 'stageName' | 'texts' | 'fresh' | 'progress'> {
    const { tracing, request } = this.#input.session;
    const { stage, base } = vertex;
    const { progress, startMs } = begun;
    const stageName = titleOf(stage, this.#input.label);
    const [before] = tracing.stageBefore(stageName);
    if (before !== undefined && before.key !== state.key) {
      const same = before.text === stage.from.text;
      const inherited = base.kind === 'stage' ? this.#causes.get(base.index)?.cause : undefined;
      progress.cause =
        inherited ??
        (same
          ? `base image ${stage.from.image} changed`
          : `the base is ${stage.from.image}, was ${before.text.replace(/^FROM\s+/i, '')}`);
    }
    this.#causes.set(stage.index, progress);
    const { line, text } = stage.from;
    const cause = progress.cause === undefined ? {} : { cause: progress.cause };
    const { number } = progress;
    const from = {
      number,
      stage: stageName,
      position: 0,
      line,
      text,
      key: state.key,
      cached: true,
      ...cause,
    };
    tracing.add({ ...from, startMs, endMs: tracing.now() }, state);
    const fresh = (request.noCacheStages ?? []).includes(titleOf(stage));
    return { stageName, texts: stage.steps.map(({ text }) => text), fresh, progress };
  }

  async #startStage(vertex: Vertex, lane: Lane, announce: (text: string) => void): Promise<ImageState> {
    const { session } = this.#input;
    const { base, stage } = vertex;
    const platform = vertex.platform ?? this.#input.platform;
    if (base.kind === 'stage') {
      const parent = await this.#awaited(vertex, base.index);
      announce(stage.from.text);
      lane.tell({ stream: ` ---> ${shortIdOf(parent)}\n` });
      return childState(parent);
    }
    announce(stage.from.text);
    const given = base.kind === 'context' ? imageOfContext(session, base.name) : undefined;
    if (base.kind === 'scratch' || (base.kind === 'context' && given === undefined)) {
      lane.tell({ stream: ' ---> \n' });
      return scratchState(platform ? normalPlatform(parsePlatform(platform)) : hostPlatform());
    }
    const reference = given ?? (base.kind === 'image' ? base.reference : '');
    const image = await this.#image(lane, { reference, ...(platform ? { platform } : {}) });
    lane.tell({ stream: ` ---> ${shortOf(image.id)}\n` });
    return stateOf(image);
  }

  /** As `baseImage`; where there is none of that name, a stage that is called nearly so is named. */
  async #image(lane: Lane, wanted: { reference: string; platform?: string }): Promise<ImageRecord> {
    const { session, file } = this.#input;
    try {
      return await baseImage(session, lane, wanted);
    } catch (thrown) {
      const names = file.stages.flatMap(({ name }) => (name === undefined ? [] : [name]));
      const near = nearest(wanted.reference.toLowerCase(), names);
      if (!(thrown instanceof EngineError) || near === undefined || thrown.kind === 'cancelled') throw thrown;
      throw new EngineError(thrown.kind, thrown.message, {
        hint: `Did you mean the stage ${near}?`,
        cause: thrown,
      });
    }
  }

  /** What the base image wants done first by every build that starts from it. */
  async #runTriggers(vertex: Vertex, run: Omit<Parameters<typeof runSteps>[0], 'announce'>): Promise<void> {
    const { base } = vertex;
    const isImage =
      base.kind === 'image' ||
      (base.kind === 'context' && imageOfContext(this.#input.session, base.name) !== undefined);
    if (!isImage && base.kind !== 'stage') return;
    const { images } = this.#input.session.room;
    const triggers = isImage
      ? (images.resolve(run.state.key).config.config?.OnBuild ?? [])
      : (run.state.config.OnBuild ?? []);
    if (triggers.length === 0) return;
    run.state.config.OnBuild = [];
    run.lane.tell({
      stream: `# Executing ${triggers.length} build trigger${triggers.length === 1 ? '' : 's'}\n`,
    });
    const steps = triggers.map((text) => parseStep(text, { file: 'ONBUILD' }));
    await runSteps({ ...run, announce: () => undefined }, steps);
    delete run.state.config.OnBuild;
  }

  /** A trigger of a base image may name a stage that nobody knew this one would need: then it begins now. */
  #need(vertex: Vertex, index: number): void {
    const { plan, planFor } = this.#input;
    if (!this.#stages.has(index)) {
      const more = planFor(index).vertices.filter(({ stage }) => !this.#stages.has(stage.index));
      for (const each of more) this.#number(each);
      this.#vertices.push(...more);
      for (const each of more) this.#begin(each);
    }
    const known = { ...plan, vertices: this.#vertices };
    if (waitsFor(known, index, vertex.stage.index))
      throw invalid(`circular dependency detected on stage: ${titleOf(vertex.stage)}`);
    vertex.needs.push(index);
  }

  /** A named context of the request: its files, read once. */
  #contextTree(reference: string): Promise<SourceTree> | undefined {
    const { session } = this.#input;
    const { name, given } = contextOf(session, reference);
    if (given === undefined || 'image' in given || 'layout' in given) return undefined;
    const known = this.#contexts.get(name);
    if (known !== undefined) return known;
    const opened = openTree(session, given).then((tree) => ({
      ...tree,
      ...parseIgnore(textIn(tree, '.dockerignore') ?? ''),
    }));
    this.#contexts.set(name, opened);
    return opened;
  }

  /** For COPY --from: the files of a context, of an earlier stage or of an image. */
  async #treeOf(vertex: Vertex, lane: Lane, name: string): Promise<MountedTree> {
    const { session, file, platform } = this.#input;
    const context = await this.#contextTree(name);
    if (context !== undefined) return { tree: context, isContext: true, release: () => undefined };
    const image = imageOfContext(session, name);
    const index = image === undefined ? sourceStage(file.stages, name) : undefined;
    if (index !== undefined && !vertex.needs.includes(index)) this.#need(vertex, index);
    const { chainId } =
      index === undefined
        ? await this.#image(lane, { reference: image ?? name, ...(platform ? { platform } : {}) })
        : await this.#awaited(vertex, index);
    return layersTree(session, chainId);
  }
}

/** The context that the request gives for a stage or image of this name. */
function contextOf(
  session: BuildSession,
  reference: string,
): { name: string; given?: ContextSource | ImageSource } {
  const contexts = session.request.contexts ?? {};
  const name = contextNamed(new Set(Object.keys(contexts)), reference) ?? reference;
  const given = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  return { name, ...(given === undefined ? {} : { given }) };
}

/** A stage that begins with the files of a named context has them as its first layer. */
async function seedFromContext(
  { base }: Vertex,
  session: BuildSession,
  run: Omit<Parameters<typeof runSteps>[0], 'announce'>,
): Promise<void> {
  if (base.kind !== 'context' || imageOfContext(session, base.name) !== undefined) return;
  const copy = parseStep('COPY . /', { file: 'FROM' });
  if (copy.kind !== 'copy') return;
  await runSteps({ ...run, announce: () => undefined }, [{ ...copy, from: base.name }]);
}

/** The image that stands for a name, where the request says so. */
function imageOfContext(session: BuildSession, name: string): string | undefined {
  const { given } = contextOf(session, name);
  return given !== undefined && 'image' in given ? given.image : undefined;
}
