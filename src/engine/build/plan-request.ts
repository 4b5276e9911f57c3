// From a request and its Dockerfile to the plan: variables of FROM, labels of the request, the stages that are needed.
import { invalid } from '#shared/errors.ts';
import { hostPlatform } from '#shared/oci/platform.ts';
import { SyntaxProblem } from './dockerfile/errors.ts';
import type { Dockerfile, StepInstruction } from './dockerfile/instruction.ts';
import { parseStep } from './dockerfile/parse.ts';
import { type Plan, planBuild } from './plan.ts';
import type { BuildSession } from './session.ts';
import { globalVariables } from './variables.ts';

export interface PlannedRequest {
  /** With the labels of the request. */
  file: Dockerfile;
  plan: Plan;
  /** SOURCE_DATE_EPOCH in seconds. */
  epoch?: number;
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

/** Afterwards the session knows what FROM sees. Throws `invalid`. */
export function planRequest(session: BuildSession, parsed: Dockerfile): PlannedRequest {
  const { request, buildArgs } = session;
  const target = request.target === undefined ? {} : { target: request.target };
  const contexts = new Set(Object.keys(request.contexts ?? {}));
  try {
    session.globals = globalVariables(parsed.globalArgs, {
      buildArgs,
      host: hostPlatform(),
      escape: parsed.directives.escape,
      ...(request.platform ? { target: request.platform } : {}),
      ...(request.target ? { stage: request.target } : {}),
    });
    const options = { globals: session.globals, contexts, ...target };
    const first = planBuild(parsed, options);
    const file = withLabels(parsed, first.target, request.labels ?? {});
    const plan = file === parsed ? first : planBuild(file, options);
    const epoch = buildArgs.epochSeconds();
    return { file, plan, ...(epoch === undefined ? {} : { epoch }) };
  } catch (thrown) {
    if (thrown instanceof SyntaxProblem) throw invalid(thrown.message, { cause: thrown });
    throw thrown;
  }
}
