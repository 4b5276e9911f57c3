// Solves the graph of stages: those that do not need each other are built at the same time.
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { internal } from '#shared/errors.ts';
import { hostPlatform, parsePlatform } from '#shared/oci/platform.ts';
import { shortOf } from '#shared/oci/digest.ts';
import { baseImage, stateOf } from './base-image.ts';
import type { Context } from './context.ts';
import type { Dockerfile } from './dockerfile/instruction.ts';
import { parseStep } from './dockerfile/parse.ts';
import { childState, type ImageState, scratchState } from './image-state.ts';
import { type Lane, Lanes } from './lanes.ts';
import { findStage, type Plan, type Vertex } from './plan.ts';
import type { BuildSession } from './session.ts';
import { fixedTimeOf, runSteps, shortIdOf } from './stage.ts';
import { StageNetworks } from './stage-network.ts';
import type { MountedTree } from './steps/step.ts';
import { mountReadOnly } from './tree/read-only.ts';

export interface SolveInput {
  session: BuildSession;
  plan: Plan;
  file: Dockerfile;
  context: Context;
  epoch?: number;
}

/** Works on one build. */
export class Solver {
  #input: SolveInput;
  #stages = new Map<number, Promise<ImageState>>();
  #lanes: Lanes;
  #steps: number;
  #numbers = new Map<number, number>();

  constructor(input: SolveInput) {
    this.#input = input;
    this.#lanes = new Lanes((line) => input.session.request.onLine?.(line));
    let number = 1;
    for (const { stage } of input.plan.vertices) {
      this.#numbers.set(stage.index, number);
      number += 1 + stage.steps.length;
    }
    this.#steps = number - 1;
  }

  /**
   * What the target has become. The first failure stops every other stage, and is thrown once all have ended: nothing
   * is left mounted or running.
   */
  async run(): Promise<ImageState> {
    const { plan, session } = this.#input;
    let first: { thrown: unknown } | undefined;
    const all = plan.vertices.map((vertex) => {
      const lane = this.#lanes.open();
      const work = this.#runStage(vertex, lane);
      this.#stages.set(vertex.stage.index, work);
      return work.catch((thrown: unknown) => {
        first ??= { thrown };
        session.stop();
      });
    });
    await Promise.all(all);
    if (first !== undefined) throw first.thrown;
    return await this.#stage(plan.target);
  }

  async #stage(index: number): Promise<ImageState> {
    const stage = this.#stages.get(index);
    if (stage === undefined) throw internal(`stage ${index} is not part of the build`);
    return await stage;
  }

  async #runStage(vertex: Vertex, lane: Lane): Promise<ImageState> {
    const { session, file, context, epoch } = this.#input;
    const networks = new StageNetworks(session);
    let number = this.#numbers.get(vertex.stage.index) ?? 1;
    const announce = (text: string): void =>
      lane.tell({ stream: `Step ${number++}/${this.#steps} : ${text}\n` });
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
        globals: session.globals,
        fixedTime: fixedTimeOf(state, epoch),
        ...(epoch === undefined ? {} : { epoch }),
        context: async () => context.tree,
        treeOf: (reference: string) => this.#treeOf(vertex, lane, reference),
        network: (mode: string) => networks.get(mode),
      };
      await this.#runTriggers(vertex, run);
      await runSteps({ ...run, announce }, vertex.stage.steps);
      return state;
    } finally {
      await networks.close();
      lane.end();
    }
  }

  async #startStage(vertex: Vertex, lane: Lane, announce: (text: string) => void): Promise<ImageState> {
    const { session } = this.#input;
    const { base, stage } = vertex;
    const platform = vertex.platform ?? session.request.platform;
    if (base.kind === 'stage') {
      const parent = await this.#stage(base.index);
      announce(stage.from.text);
      lane.tell({ stream: ` ---> ${shortIdOf(parent)}\n` });
      return childState(parent);
    }
    announce(stage.from.text);
    if (base.kind === 'scratch') {
      lane.tell({ stream: ' ---> \n' });
      return scratchState(platform ? parsePlatform(platform) : hostPlatform());
    }
    const { reference } = base;
    const image = await baseImage(session, lane, { reference, ...(platform ? { platform } : {}) });
    lane.tell({ stream: ` ---> ${shortOf(image.id)}\n` });
    return stateOf(image);
  }

  /** What the base image wants done first by every build that starts from it. */
  async #runTriggers(vertex: Vertex, run: Omit<Parameters<typeof runSteps>[0], 'announce'>): Promise<void> {
    if (vertex.base.kind === 'scratch') return;
    const { images } = this.#input.session.room;
    const triggers =
      vertex.base.kind === 'image'
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

  /** For COPY --from: the files of an earlier stage or of an image, mounted to be read. */
  async #treeOf(vertex: Vertex, lane: Lane, reference: string): Promise<MountedTree> {
    const { session, file } = this.#input;
    const index = findStage(file.stages, reference, vertex.stage.index);
    const { chainId } =
      index === undefined ? await baseImage(session, lane, { reference }) : await this.#stage(index);
    const target = mkdtempSync(join(session.runFolder(), 'from-'));
    const mounted = mountReadOnly(session.room.snapshots.lowersOf(chainId), target);
    const tree = { root: mounted.path, excludes: () => false, prunes: true };
    return { tree, release: () => mounted[Symbol.dispose]() };
  }
}
