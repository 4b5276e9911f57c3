// HEALTHCHECK: its flags to nanoseconds, its command to Docker's Test array.
import { parseDuration } from '#shared/notation/duration.ts';
import type { Healthcheck } from '#shared/oci/specs.ts';
import { SyntaxProblem } from './errors.ts';
import { type Flag, flagValue } from './flags.ts';
import type { Command } from './instruction.ts';
import { parseJsonForm } from './words.ts';

function durationFlag(flags: readonly Flag[], name: string): number | undefined {
  const text = flagValue(flags, name);
  if (text === undefined) return undefined;
  let nanoseconds: number;
  try {
    nanoseconds = parseDuration(text);
  } catch {
    throw new SyntaxProblem(`invalid duration for --${name}: ${JSON.stringify(text)}`, {
      expected: 'a duration, as 30s',
    });
  }
  if (nanoseconds < 0 || (nanoseconds > 0 && nanoseconds < 1e6)) {
    throw new SyntaxProblem(`Interval ${JSON.stringify(name)} cannot be less than 1ms`);
  }
  return nanoseconds === 0 ? undefined : nanoseconds;
}

function retriesFlag(flags: readonly Flag[]): number | undefined {
  const text = flagValue(flags, 'retries');
  if (text === undefined) return undefined;
  if (/^-\d+$/.test(text)) {
    throw new SyntaxProblem(`--retries cannot be negative (${text})`, { expected: 'a number' });
  }
  if (!/^\d{1,9}$/.test(text)) {
    throw new SyntaxProblem(`--retries must be a number: ${JSON.stringify(text)}`, { expected: 'a number' });
  }
  return Number(text) === 0 ? undefined : Number(text);
}

/** Reads what follows HEALTHCHECK. A shell command keeps its text: `Test` is then `['CMD-SHELL', text]`. */
export function parseHealthcheck(
  flags: readonly Flag[],
  rest: string,
): { healthcheck: Healthcheck; command?: Command } {
  const match = /^(\S+)\s*([\s\S]*)$/.exec(rest);
  const type = match?.[1]?.toUpperCase();
  const text = match?.[2] ?? '';
  if (type === 'NONE') {
    if (text !== '' || flags.length > 0) throw new SyntaxProblem('HEALTHCHECK NONE takes no arguments');
    return { healthcheck: { Test: ['NONE'] } };
  }
  if (type !== 'CMD') {
    const problem =
      type === undefined
        ? 'HEALTHCHECK requires at least one argument'
        : `Unknown type in HEALTHCHECK: ${type}`;
    throw new SyntaxProblem(problem, { expected: 'NONE or CMD' });
  }
  if (text === '')
    throw new SyntaxProblem('Missing command after HEALTHCHECK CMD', { expected: 'a command' });
  const argv = parseJsonForm(text);
  const healthcheck: Healthcheck = { Test: argv === undefined ? ['CMD-SHELL', text] : ['CMD', ...argv] };
  const fields = {
    Interval: 'interval',
    Timeout: 'timeout',
    StartPeriod: 'start-period',
    StartInterval: 'start-interval',
  } as const;
  for (const [field, name] of Object.entries(fields) as [keyof typeof fields, string][]) {
    const value = durationFlag(flags, name);
    if (value !== undefined) healthcheck[field] = value;
  }
  const retries = retriesFlag(flags);
  if (retries !== undefined) healthcheck.Retries = retries;
  return { healthcheck, command: argv === undefined ? { form: 'shell', text } : { form: 'exec', argv } };
}
