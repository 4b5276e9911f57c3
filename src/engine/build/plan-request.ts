// From a request and its Dockerfile to the plan: variables of FROM, labels of the request, the stages that are needed.
import { invalid } from '#shared/errors.ts';
import { formatPlatform, hostPlatform, normalPlatform, parsePlatform } from '#shared/oci/platform.ts';
import { SyntaxProblem } from './dockerfile/errors.ts';
import type { Dockerfile, StepInstruction } from './dockerfile/instruction.ts';
import { parseStep } from './dockerfile/parse.ts';
import { type Plan, planBuild } from './plan.ts';
import type { BuildRequest } from './request.ts';
import type { BuildSession } from './session.ts';
import { type Declared, globalVariables } from './variables.ts';

export interface PlannedRequest {
  /** With the labels of the request. */
  file: Dockerfile;
  plan: Plan;
  /** What FROM sees. */
  globals: Declared;
  /** Of every FROM that does not say; absent where the request does not say either. */
  platform?: string;
  /** The platform, where the build makes several: what tells their stages apart. */
  label?: string;
  /** What a stage needs that nobody knew to be needed. */
  planFor(stage: number): Plan;
}

/** Labels of the request are the target's last step. */
function withLabels(file: Dockerfile, target: number, labels: Readonly<Record<string, string>>): Dockerfile {
  const entries = Object.entries(labels);
  if (entries.length === 0) return file;
  const quote = (text: string): string => `"${text.replace(/[\\"$]/g, '\\$&')}"`;
  const text = `LABEL ${entries.map(([name, value]) => `${quote(name)}=${quote(value)}`).join(' ')}`;
  const parsed = parseStep(text, { file: '--label' });
  const step: StepInstruction = parsed.kind === 'label' ? { ...parsed, ofRequest: true } : parsed;
  const stages = file.stages.map((stage) =>
    stage.index === target ? { ...stage, steps: [...stage.steps, step] } : stage,
  );
  return { ...file, stages };
}

/** The platforms that a request asks for, each once, in their shortest words. Throws `invalid`. */
export function platformsOf({ platform = '' }: Pick<BuildRequest, 'platform'>): string[] {
  const texts = platform.split(',').filter((text) => text.trim() !== '');
  return [...new Set(texts.map((text) => formatPlatform(normalPlatform(parsePlatform(text.trim())))))];
}

/** Whether the result is one of several platforms: there are several, or an argument says so of one. */
export function isMultiPlatform(request: Pick<BuildRequest, 'platform' | 'buildArgs'>): boolean {
  const isAsked = /^(1|true)$/i.test(request.buildArgs?.['BUILDKIT_MULTI_PLATFORM'] ?? '');
  return isAsked || platformsOf(request).length > 1;
}

/** A plan for each platform, at least one. Throws `invalid`. */
export function planRequest(
  session: BuildSession,
  parsed: Dockerfile,
): [PlannedRequest, ...PlannedRequest[]] {
  const platforms = platformsOf(session.request);
  const [first, ...more] = platforms;
  if (first === undefined) return [planOne(session, parsed, {})];
  if (more.length === 0) return [planOne(session, parsed, { platform: first })];
  const several = (platform: string) => planOne(session, parsed, { platform, label: platform });
  return [several(first), ...more.map(several)];
}

/** SOURCE_DATE_EPOCH of the request, in seconds. Throws `invalid`. */
export function epochOf({ buildArgs }: BuildSession): { epoch?: number } {
  return asInvalid(() => {
    const epoch = buildArgs.epochSeconds();
    return epoch === undefined ? {} : { epoch };
  });
}

function planOne(
  { request, buildArgs }: BuildSession,
  parsed: Dockerfile,
  given: Pick<PlannedRequest, 'platform' | 'label'>,
): PlannedRequest {
  const target = request.target === undefined ? {} : { target: request.target };
  const contexts = new Set(Object.keys(request.contexts ?? {}));
  return asInvalid(() => {
    const globals = globalVariables(parsed.globalArgs, {
      buildArgs,
      host: normalPlatform(hostPlatform()),
      escape: parsed.directives.escape,
      ...(given.platform === undefined ? {} : { target: given.platform }),
      ...(request.target ? { stage: request.target } : {}),
    });
    const options = { globals, contexts };
    const first = planBuild(parsed, { ...options, ...target });
    const file = withLabels(parsed, first.target, request.labels ?? {});
    const plan = file === parsed ? first : planBuild(file, { ...options, ...target });
    const planFor = (stage: number): Plan => planBuild(file, { ...options, target: String(stage) });
    return { file, plan, globals, planFor, ...given };
  });
}

/** What is wrong without a place in the file is `invalid`. */
export function asInvalid<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof SyntaxProblem) throw invalid(thrown.message, { cause: thrown });
    throw thrown;
  }
}
