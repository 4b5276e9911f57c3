// The names of build steps: `@7` of the last build, `app:1.0@7`, `@failed`, with a path `@7:/app`, as a range `@3..@7`.
import { invalid } from '#shared/errors.ts';

export interface StepName {
  /** A tag or the beginning of an id; absent: the last build. */
  build?: string;
  step: number | 'failed';
}

const pattern = /^(.*)@(\d{1,6}|failed)$/;
const hint = 'Steps are named like @7, app@7 or @failed; `wharf build ls BUILD` lists them.';

/** Throws `invalid`. */
export function parseStepName(text: string): StepName {
  const [, build, step] = pattern.exec(text) ?? [];
  if (build === undefined || step === undefined)
    throw invalid(`invalid name of a build step: ${JSON.stringify(text)}`, { hint });
  return { ...(build === '' ? {} : { build }), step: step === 'failed' ? step : Number(step) };
}

/** As people type it. */
export function formatStepName({ build = '', step }: StepName): string {
  return `${build}@${step}`;
}

/** `@7:/app`; a path that is not given is `/`. Undefined for what is no step but perhaps the name of a build. */
export function parseStepPath(text: string): { name: StepName; path: string } | undefined {
  const [, name, path] = /^(.*@(?:\d{1,6}|failed))(?::(.*))?$/.exec(text) ?? [];
  return name === undefined ? undefined : { name: parseStepName(name), path: path || '/' };
}

/** `@3..@7`, `@3..7`, `one@3..two@7`; `@7` alone is compared with what it began with. Throws `invalid`. */
export function parseStepRange(text: string): { from?: StepName; to: StepName } {
  const dots = text.indexOf('..');
  if (dots < 0) return { to: parseStepName(text) };
  const from = parseStepName(text.slice(0, dots));
  const rest = text.slice(dots + 2);
  const to = parseStepName(rest.includes('@') ? rest : `@${rest}`);
  // The second name is of the same build where it does not say.
  return { from, to: { ...(from.build === undefined ? {} : { build: from.build }), ...to } };
}
