// Checks a Dockerfile against every rule, without building anything.
import { hostPlatform } from '#shared/oci/platform.ts';
import type { Dockerfile, Place, Stage, StepInstruction } from '../dockerfile/instruction.ts';
import { BuildArgs, type Declared } from '../variables.ts';
import { type CheckOptions, counts } from './check-options.ts';
import { type BaseFacts, checkSteps } from './instructions.ts';
import { type RuleName, rules, type Warning } from './rules.ts';
import { checkCasing, checkDescriptions, checkFroms, checkStageNames } from './stages.ts';

export interface LintRequest {
  file: Dockerfile;
  options: CheckOptions;
  /** Stages whose steps are looked at; FROM is looked at in all. */
  stages: readonly Stage[];
  globals: Declared;
  buildArgs?: Readonly<Record<string, string | null>>;
  /** Where a stage begins; undefined: an image that is not here. */
  base(stage: Stage): BaseFacts | Stage | undefined;
  ignored?: (path: string) => boolean;
}

/** Everything that the rules in force have to say, in the order of the file, each thing once. */
export function lintDockerfile(request: LintRequest): Warning[] {
  const { file, options, globals } = request;
  const found = new Map<string, Warning>();
  const report = (rule: RuleName, place: Place, detail: string, line = place.line): void => {
    if (!counts(rule, options, place.comments)) return;
    const endLine = line === place.line ? place.endLine : line;
    found.set(`${rule} ${line} ${detail}`, { rule, detail, advice: rules[rule].advice, line, endLine });
  };
  checkContinuations(file, report);
  checkCasing(file, report);
  checkStageNames(file.stages, report);
  checkFroms(file, { globals, host: hostPlatform(), noArgs: new BuildArgs() }, report);
  checkDescriptions(file, report);
  const buildArgs = new BuildArgs(request.buildArgs);
  const { base, ignored } = request;
  const scope = { globals, buildArgs, base, ...(ignored === undefined ? {} : { ignored }) };
  checkSteps(file, request.stages, { scope, report });
  return [...found.values()].sort((a, b) => a.line - b.line || (a.rule < b.rule ? -1 : 1));
}

function checkContinuations(
  file: Dockerfile,
  report: (rule: RuleName, place: Place, detail: string, line?: number) => void,
): void {
  const steps = file.stages.flatMap((stage): (Place | StepInstruction)[] => [stage.from, ...stage.steps]);
  for (const place of [...file.globalArgs, ...steps])
    if (place.blankLine !== undefined)
      report('NoEmptyContinuation', place, 'Empty continuation line', place.blankLine);
}
