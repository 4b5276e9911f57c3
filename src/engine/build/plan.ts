// Which stages a build needs and what each waits for. Pure.
import { invalid } from '#shared/errors.ts';
import { familiarReference, parseReference } from '#shared/oci/reference.ts';
import { DockerfileError, SyntaxProblem } from './dockerfile/errors.ts';
import { expandWord } from './dockerfile/expand.ts';
import type { Dockerfile, Place, Stage, StepInstruction } from './dockerfile/instruction.ts';
import { mountSources } from './dockerfile/mount-flag.ts';
import { nearest } from './dockerfile/nearest.ts';
import type { Declared } from './variables.ts';

/** Where a stage begins: nothing, an earlier stage, a named context, or an image. */
export type Base =
  | { kind: 'scratch' }
  | { kind: 'stage'; index: number }
  | { kind: 'context'; name: string }
  | { kind: 'image'; reference: string };

/** A stage as a vertex: what it starts from and which stages must be there before it can end. */
export interface Vertex {
  stage: Stage;
  base: Base;
  /** Platform of its base, where FROM names one. */
  platform?: string;
  /** Indexes of stages. */
  needs: number[];
}

export interface Plan {
  /** Only the stages that the target needs, in the order of the file. */
  vertices: Vertex[];
  target: number;
}

/** What people call a stage; `platform` where the build makes several. */
export function titleOf(stage: Stage, platform?: string): string {
  const name = stage.name ?? String(stage.index);
  return platform === undefined ? name : `${platform} ${name}`;
}

/** The index of the stage that `reference` (a name or number) means, among those before `limit`. */
export function findStage(stages: readonly Stage[], reference: string, limit: number): number | undefined {
  const name = reference.toLowerCase();
  const named = stages.slice(0, limit).findLast((stage) => stage.name === name);
  if (named !== undefined) return named.index;
  return /^\d+$/.test(reference) && Number(reference) < limit ? Number(reference) : undefined;
}

/** The stage that COPY or a mount takes files from: any but itself, later ones too. Throws SyntaxProblem. */
export function sourceStage(stages: readonly Stage[], reference: string): number | undefined {
  const index = findStage(stages, reference, stages.length);
  if (index === undefined && /^\d+$/.test(reference)) {
    const expected = `a number below ${stages.length}, or a name`;
    throw new SyntaxProblem(`invalid stage index ${reference}`, { expected });
  }
  return index;
}

function baseOf(planning: Planning, stage: Stage, reference: string): Base {
  const { file, contexts } = planning;
  const named = file.stages.slice(0, stage.index).findLast((each) => each.name === reference.toLowerCase());
  if (named !== undefined) return { kind: 'stage', index: named.index };
  const context = contextNamed(contexts, reference);
  if (context !== undefined) return { kind: 'context', name: context };
  return reference === 'scratch' ? { kind: 'scratch' } : { kind: 'image', reference };
}

/** The name, among those of contexts, that a stage or image of this name is replaced by. */
export function contextNamed(contexts: ReadonlySet<string>, reference: string): string | undefined {
  if (contexts.has(reference)) return reference;
  const whole = imageName(reference);
  return [...contexts].find(
    (name) =>
      name.toLowerCase() === reference.toLowerCase() || (whole !== undefined && imageName(name) === whole),
  );
}

function imageName(text: string): string | undefined {
  try {
    return familiarReference(parseReference(text));
  } catch {
    return undefined;
  }
}

function expandFrom(
  file: Dockerfile,
  stage: Stage,
  globals: Declared,
): { reference: string; platform?: string } {
  const scope = { lookup: (name: string) => globals.get(name), escape: file.directives.escape };
  const reference = expandWord(stage.from.image, scope);
  if (reference === '') {
    throw new SyntaxProblem(`base name (${stage.from.image}) should not be blank`, { expected: 'an image' });
  }
  const platform = stage.from.platform === undefined ? '' : expandWord(stage.from.platform, scope);
  return { reference, ...(platform === '' ? {} : { platform }) };
}

/** Stages or images whose files a step takes. */
function sourcesOf(step: StepInstruction): string[] {
  if (step.kind === 'run') return mountSources(step.flags);
  if (step.kind !== 'copy' && step.kind !== 'add') return [];
  return step.from === undefined ? [] : [step.from];
}

interface Planning {
  file: Dockerfile;
  globals: Declared;
  contexts: ReadonlySet<string>;
}

/** What is wrong gets its place in the file. */
function placed<T>(file: Dockerfile, { line }: Place, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    if (!(thrown instanceof SyntaxProblem)) throw thrown;
    const expected = thrown.expected === undefined ? {} : { expected: thrown.expected };
    throw new DockerfileError(file.file, { line, column: 1 }, { text: thrown.message, ...expected });
  }
}

function vertexOf(planning: Planning, stage: Stage): Vertex {
  const { file, globals, contexts } = planning;
  const replaced = stage.name === undefined ? undefined : contextNamed(contexts, stage.name);
  if (replaced !== undefined) {
    return { stage: { ...stage, steps: [] }, base: { kind: 'context', name: replaced }, needs: [] };
  }
  const { reference, platform } = placed(file, stage.from, () => expandFrom(file, stage, globals));
  const base = baseOf(planning, stage, reference);
  const needs = new Set<number>(base.kind === 'stage' ? [base.index] : []);
  for (const step of stage.steps) {
    for (const from of sourcesOf(step)) {
      if (contextNamed(contexts, from) !== undefined) continue;
      const index = placed(file, step, () => sourceStage(file.stages, from));
      if (index !== undefined) needs.add(index);
    }
  }
  return { stage, base, ...(platform === undefined ? {} : { platform }), needs: [...needs] };
}

function targetIndex(file: Dockerfile, target: string | undefined): number {
  if (target === undefined || target === '') return file.stages.length - 1;
  const index = findStage(file.stages, target, file.stages.length);
  if (index !== undefined) return index;
  const names = file.stages.flatMap((stage) => (stage.name === undefined ? [] : [stage.name]));
  const near = nearest(target.toLowerCase(), names);
  const hint =
    near === undefined ? `The stages are: ${names.join(', ') || 'not named'}.` : `Did you mean ${near}?`;
  throw invalid(`failed to reach build target ${target} in Dockerfile`, { hint });
}

/** The vertices that the target needs. An unknown target is `invalid`; what is wrong in the file a DockerfileError. */
export function planBuild(
  file: Dockerfile,
  options: { globals: Declared; target?: string; contexts?: ReadonlySet<string> },
): Plan {
  const target = targetIndex(file, options.target);
  const needed = new Map<number, Vertex>();
  const pending = [target];
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    const stage = file.stages[index];
    if (stage === undefined || needed.has(index)) continue;
    const vertex = vertexOf({ file, contexts: new Set(), ...options }, stage);
    needed.set(index, vertex);
    pending.push(...vertex.needs);
  }
  assertNoCycle(file, needed);
  const vertices = [...needed.values()].sort((a, b) => a.stage.index - b.stage.index);
  return { vertices, target };
}

/** Whether stage `index`, which the plan has, waits for `wanted`, itself or through others. */
export function waitsFor(plan: Plan, index: number, wanted: number): boolean {
  if (index === wanted) return true;
  const vertex = plan.vertices.find(({ stage }) => stage.index === index);
  return vertex?.needs.some((need) => waitsFor(plan, need, wanted)) === true;
}

/** A stage that waits for itself would wait for ever. */
function assertNoCycle(file: Dockerfile, vertices: ReadonlyMap<number, Vertex>): void {
  const settled = new Set<number>();
  const visit = (index: number, path: readonly number[]): void => {
    const vertex = vertices.get(index);
    if (vertex === undefined || settled.has(index)) return;
    if (path.includes(index)) {
      const names = [...path.slice(path.indexOf(index)), index].map((each) => nameAt(vertices, each));
      throw new DockerfileError(
        file.file,
        { line: vertex.stage.from.line, column: 1 },
        {
          text: `circular dependency detected on stage: ${nameAt(vertices, index)}`,
          expected: `stages that do not need each other, not ${names.join(' → ')}`,
        },
      );
    }
    for (const need of vertex.needs) visit(need, [...path, index]);
    settled.add(index);
  };
  for (const index of vertices.keys()) visit(index, []);
}

function nameAt(vertices: ReadonlyMap<number, Vertex>, index: number): string {
  return vertices.get(index)?.stage.name ?? String(index);
}
