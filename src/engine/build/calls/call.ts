// What can be asked of a Dockerfile without building it.
import { nowRfc3339Nano } from '#shared/notation/time.ts';
import { openContext } from '../context.ts';
import { parseDockerfile } from '../dockerfile/parse.ts';
import { BuildCheck } from '../lint/check-build.ts';
import type { Warning } from '../lint/rules.ts';
import { asInvalid, planRequest } from '../plan-request.ts';
import { Tracing } from '../record/tracing.ts';
import type { BuildRequest } from '../request.ts';
import { type BuildRoom, BuildSession } from '../session.ts';
import { BuildArgs } from '../variables.ts';
import { type Findings, findingsOf } from './findings.ts';
import { type Outline, outlineOf, tellOutline } from './outline.ts';
import { listTargets, type TargetList, tellTargets } from './targets.ts';

export type BuildMethod = 'check' | 'outline' | 'targets';

export interface CallAnswer {
  /** For people. */
  text: string;
  /** For programs. */
  answer: Findings | Outline | TargetList;
  /** Of `check`. */
  warnings: Warning[];
}

/** Looks at the Dockerfile. Throws as a build does where the file is wrong. */
export async function callBuild(
  room: BuildRoom,
  request: BuildRequest,
  method: BuildMethod,
): Promise<CallAnswer> {
  const buildArgs = new BuildArgs(request.buildArgs);
  const session = new BuildSession(room, request, {
    buildArgs,
    started: nowRfc3339Nano(),
    tracing: new Tracing([]),
  });
  try {
    const context = await openContext(session);
    const file = parseDockerfile(context.dockerfile, context.file);
    if (method === 'targets') {
      const answer = listTargets(file, context.dockerfile);
      return { answer, text: tellTargets(answer), warnings: [] };
    }
    const [{ plan, globals }] = planRequest(session, file);
    if (method === 'outline') {
      const answer = asInvalid(() => outlineOf({ plan, globals, file, buildArgs }, context.dockerfile));
      return { answer, text: tellOutline(answer), warnings: [] };
    }
    const { warnings, text } = new BuildCheck(session, { file, context, plan, globals }).report();
    return { answer: findingsOf(context.file, context.dockerfile, warnings), text, warnings };
  } finally {
    session.end();
  }
}
