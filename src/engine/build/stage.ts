// One stage: its base, then step after step, each looked up in the cache or run.
import { hash } from 'node:crypto';
import { shortOf } from '#shared/oci/digest.ts';
import { msOf, rfc3339NanoOf } from '#shared/notation/time.ts';
import { applyOnbuild, applyPlain } from './apply-plain.ts';
import type { StepInstruction } from './dockerfile/instruction.ts';
import { DockerfileError, SyntaxProblem } from './dockerfile/errors.ts';
import { type ImageState, imageConfigOf } from './image-state.ts';
import { prepareCopy } from './steps/copy.ts';
import { prepareRun } from './steps/run.ts';
import type { PreparedStep, StageContext } from './steps/step.ts';
import { prepareWorkdir } from './steps/workdir.ts';
import { argValue, type Declared, stageScope } from './variables.ts';

export interface StageRun extends Omit<StageContext, 'scope'> {
  file: string;
  globals: Declared;
  /** `Step 3/7 : ` for the next step. */
  announce(text: string): void;
}

/** Runs the steps; afterwards `run.state` is what the image has become. */
export async function runSteps(run: StageRun, steps: readonly StepInstruction[]): Promise<void> {
  for (const step of steps) {
    run.session.assertGoing();
    run.announce(step.text);
    try {
      await runStep(run, step);
    } catch (thrown) {
      if (!(thrown instanceof SyntaxProblem)) throw thrown;
      const expected = thrown.expected === undefined ? {} : { expected: thrown.expected };
      throw new DockerfileError(
        run.file,
        { line: step.line, column: 1 },
        { text: thrown.message, ...expected },
      );
    }
    run.lane.tell({ stream: ` ---> ${shortIdOf(run.state)}\n` });
  }
}

/** The id that an image of this state would have, as people see it. */
export function shortIdOf(state: ImageState): string {
  return shortOf(hash('sha256', JSON.stringify(imageConfigOf(state))));
}

async function runStep(run: StageRun, step: StepInstruction): Promise<void> {
  const { session, state, escapeChar } = run;
  const scope = stageScope(state.config.Env ?? [], state.args, escapeChar);
  const prepared = await prepare({ ...run, scope }, step);
  try {
    const result = await session.room.cache.step(
      {
        preimage: {
          version: 1,
          parent: state.key,
          on: state.chainId,
          instruction: prepared.keyText ?? prepared.createdBy,
          ...prepared.inputs,
        },
        fresh: session.request.noCache === true,
        ...(run.epoch === undefined ? {} : { created: rfc3339NanoOf(run.epoch * 1000) }),
        holder: session.holder,
      },
      async () => (await prepared.make?.()) ?? null,
    );
    if (result.cached) run.lane.tell({ stream: ' ---> Using cache\n' });
    const { layer, created } = result.record;
    state.key = result.key;
    state.created = created;
    if (layer !== null) {
      state.chainId = layer.chainId;
      state.layers.push({ diffId: layer.diffId, size: layer.sizeBytes });
    }
    const empty = layer === null ? { empty_layer: true } : {};
    state.history.push({
      created,
      created_by: prepared.createdBy,
      comment: 'buildkit.dockerfile.v0',
      ...empty,
    });
  } finally {
    prepared.release?.();
  }
}

async function prepare(stage: StageContext & StageRun, step: StepInstruction): Promise<PreparedStep> {
  const { state, scope } = stage;
  switch (step.kind) {
    case 'run':
      return prepareRun(stage, step);
    case 'copy':
    case 'add':
      return await prepareCopy(stage, step);
    case 'arg': {
      const { buildArgs } = stage.session;
      const texts = step.args.map((arg) => {
        const value = argValue(arg, { buildArgs, globals: stage.globals, scope });
        state.args.set(arg.name, value);
        return value === undefined ? arg.name : `${arg.name}=${value}`;
      });
      // A value counts where it is used, not where it is declared.
      const keyText = `ARG ${step.args.map(({ name }) => name).join(' ')}`;
      return { createdBy: `ARG ${texts.join(' ')}`, keyText, inputs: {} };
    }
    case 'onbuild':
      return { createdBy: applyOnbuild(state, step), inputs: {} };
    case 'workdir':
      applyPlain(state, step, scope);
      return prepareWorkdir(stage, state.config.WorkingDir ?? '/');
    default:
      return { createdBy: applyPlain(state, step, scope), inputs: {} };
  }
}

/** Seconds for folders that come from nowhere: the epoch asked for, else the time of the base image, else 0. */
export function fixedTimeOf(state: ImageState, epoch: number | undefined): number {
  return epoch ?? Math.floor(msOf(state.created ?? '') / 1000);
}
