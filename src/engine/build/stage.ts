// One stage: its base, then step after step, each looked up in the cache or run.
import { hash } from 'node:crypto';
import { msOf, rfc3339NanoOf } from '#shared/notation/time.ts';
import { shortOf } from '#shared/oci/digest.ts';
import { applyOnbuild, applyPlain } from './apply-plain.ts';
import { keyOf, type Preimage } from './cache/key.ts';
import { DockerfileError, SyntaxProblem } from './dockerfile/errors.ts';
import type { StepInstruction } from './dockerfile/instruction.ts';
import { type ImageState, imageConfigOf } from './image-state.ts';
import { CommandFailed } from './request.ts';
import type { BuildSession } from './session.ts';
import { prepareCopy } from './steps/copy.ts';
import { layOn } from './steps/layer.ts';
import { prepareRun } from './steps/run.ts';
import type { PreparedStep, StageContext } from './steps/step.ts';
import { prepareWorkdir } from './steps/workdir.ts';
import { parseIgnore } from './tree/ignore.ts';
import { argValue, type Declared, stageScope } from './variables.ts';
import { causeOf, shorten } from './why/cause.ts';
import { type Explained, explainFile, type StepFiles } from './why/explain-file.ts';

export interface StageRun extends Omit<StageContext, 'scope'> {
  globals: Declared;
  /** As `titleOf`. */
  stageName: string;
  /** Every step's text. */
  texts: readonly string[];
  /** Take nothing out of the cache. */
  fresh: boolean;
  /** Where the stage is, and why it is not what it was in the build before. */
  progress: { position: number; number: number; cause?: string };
  /** `Step 3/7 : ` for the next step. */
  announce(text: string): void;
}

/** Runs the steps; afterwards `run.state` is what the image has become. */
export async function runSteps(run: StageRun, steps: readonly StepInstruction[]): Promise<void> {
  for (const step of steps) {
    run.session.assertGoing();
    run.announce(step.text);
    run.progress.position += 1;
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
  const startMs = session.tracing.now();
  const prepared = await prepare({ ...run, scope }, step);
  let key = '';
  let cause: string | undefined;
  const note = (outcome: { cached: boolean; failed?: boolean }): void =>
    session.tracing.add(
      {
        number: run.progress.number,
        stage: run.stageName,
        position: run.progress.position,
        line: step.line,
        text: step.text,
        key,
        startMs,
        endMs: session.tracing.now(),
        ...outcome,
        ...(cause === undefined ? {} : { cause }),
      },
      state,
    );
  try {
    const preimage: Preimage = {
      version: 3,
      parent: prepared.link === true ? 'link' : state.key,
      on: prepared.link === true ? null : state.chainId,
      instruction: prepared.keyText ?? prepared.createdBy,
      ...prepared.inputs,
    };
    key = keyOf(preimage);
    const wanted = (session.request.noCache === true || run.fresh) && !session.done.has(key);
    const sibling = wanted ? session.fresh.get(key) : undefined;
    // Between looking and beginning nothing may be awaited, as in the cache.
    if (sibling !== undefined) await sibling.catch(() => undefined);
    const fresh = wanted && sibling === undefined;
    const work = session.room.cache.step(
      {
        preimage,
        fresh,
        ...(run.epoch === undefined ? {} : { created: rfc3339NanoOf(run.epoch * 1000) }),
        holder: session.holder,
        elsewhere: session.elsewhere,
      },
      async () => {
        cause = tellCause(run, step, { preimage, fresh, known: prepared.known });
        return (await prepared.make?.()) ?? null;
      },
    );
    if (fresh) session.fresh.set(key, work);
    const result = await work;
    session.tracing.noteWait(run.stageName, 'another build', result.waitedMs);
    if (result.cached) run.lane.tell({ stream: ' ---> Using cache\n' });
    const { created } = result.record;
    const made = result.record.layer;
    const layer = prepared.link === true && made !== null ? await layOn(session, made, state.chainId) : made;
    state.key = prepared.link === true ? keyAfterLink(state, result.key) : result.key;
    state.created = created;
    if (layer !== null) {
      state.chainId = layer.chainId;
      state.layers.push({ diffId: layer.diffId, size: layer.sizeBytes });
    }
    const empty = layer === null ? { empty_layer: true } : {};
    if (prepared.isUntold !== true) {
      const comment = 'buildkit.dockerfile.v0';
      state.history.push({ created, created_by: prepared.createdBy, comment, ...empty });
    }
    note({ cached: result.cached });
  } catch (thrown) {
    if (thrown instanceof CommandFailed) {
      session.failedStep = run.progress.number;
      note({ cached: false, failed: true });
    }
    throw thrown;
  } finally {
    prepared.release?.();
  }
}

/** Says in the progress why the step runs; what follows it in the stage runs because of it. */
function tellCause(
  run: StageRun,
  step: StepInstruction,
  miss: { preimage: Preimage; fresh: boolean; known: StepFiles | undefined },
): string | undefined {
  const { session, progress, stageName, texts } = run;
  const cause = causeOf({
    ...miss,
    text: step.text,
    position: progress.position,
    key: keyOf(miss.preimage),
    ...(progress.cause === undefined ? {} : { parentCause: progress.cause }),
    before: session.tracing.stageBefore(stageName),
    texts,
    preimageOf: (key) => session.room.cache.preimage(key),
    hasBefore: session.tracing.hasBefore,
    explain: (file, before) => explainIn(session, miss.known, { file, before }),
  });
  if (cause === undefined) return undefined;
  progress.cause ??= `${shorten(step.text)}: ${cause}`;
  if (!miss.fresh) run.lane.tell({ stream: ` ---> Not cached: ${cause}\n` });
  return cause;
}

function explainIn(
  { room, tracing }: BuildSession,
  known: StepFiles | undefined,
  { file, before }: { file: Parameters<typeof explainFile>[0]; before: Preimage },
): Explained {
  if (known === undefined) return {};
  const { excludes } = parseIgnore(tracing.ignoreBefore());
  const record = room.cache.find(keyOf(before));
  return explainFile(file, known, {
    before: { preimage: before, record, excludes },
    snapshots: room.snapshots,
  });
}

/** What comes after a step that depends on nothing before it depends on both. */
function keyAfterLink(state: ImageState, key: string): string {
  return keyOf({ version: 3, parent: state.key, on: state.chainId, instruction: 'LINK', more: { key } });
}

async function prepare(stage: StageContext & StageRun, step: StepInstruction): Promise<PreparedStep> {
  const { state, scope } = stage;
  switch (step.kind) {
    case 'run':
      return await prepareRun(stage, step);
    case 'copy':
    case 'add':
      return await prepareCopy(stage, step);
    case 'arg': {
      const { buildArgs } = stage.session;
      const texts = step.args.map((arg) => {
        const value = argValue(arg, { buildArgs, globals: stage.globals, scope });
        // Declared again without a value it keeps the one that it has.
        state.args.set(arg.name, value ?? state.args.get(arg.name));
        return value === undefined ? arg.name : `${arg.name}=${value}`;
      });
      // A value counts where it is used, not where it is declared.
      const keyText = `ARG ${step.args.map(({ name }) => name).join(' ')}`;
      return { createdBy: `ARG ${texts.join(' ')}`, keyText, inputs: {} };
    }
    case 'onbuild':
      return { createdBy: applyOnbuild(state, step), inputs: {}, isUntold: true };
    case 'workdir':
      applyPlain(state, step, scope);
      return prepareWorkdir(stage, state.config.WorkingDir ?? '/');
    default: {
      const isUntold = step.kind === 'label' && step.ofRequest === true;
      return { createdBy: applyPlain(state, step, scope), inputs: {}, isUntold };
    }
  }
}

/** Seconds for folders that come from nowhere: the epoch asked for, else the time of the base image, else 0. */
export function fixedTimeOf(state: ImageState, epoch: number | undefined): number {
  return epoch ?? Math.floor(msOf(state.created ?? '') / 1000);
}
