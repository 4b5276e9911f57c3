// wharf build timing
import { defineCommand } from '#cli/grammar/command.ts';
import { toggle } from '#cli/grammar/flags.ts';
import type { BuildPage, BuildStep } from '#client/builds.ts';
import { secondsOf } from './words.ts';

const barWidth = 32;

export const command = defineCommand({
  usage: '[flags] [BUILD]',
  flags: { json: toggle('Print everything as JSON') },
  args: [0, 1],
  examples: ['wharf build timing', 'wharf build timing --json app:latest'],
  async run({ cli, flags, args: [build] }) {
    const { builds } = await cli.client();
    const page = await builds.page(build);
    cli.print(flags.json ? JSON.stringify(page, null, 2) : timingText(page));
  },
});

interface Line {
  startMs: number;
  endMs: number;
  waitedMs: number;
  name: string;
  text: string;
}

/** One line for each step and each other part, in the order in which they began. */
export function timingText(page: BuildPage): string {
  const lines = [
    ...page.phases.map((phase): Line => ({ ...phase, waitedMs: 0, name: '', text: `(${phase.name})` })),
    ...page.timeline.map(lineOf),
  ];
  lines.sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
  const totalMs = Math.max(1, page.tookMs ?? 0, ...lines.map(({ endMs }) => endMs));
  const took = page.tookMs === undefined ? '' : ` in ${secondsOf(page.tookMs)}`;
  const steps = `${page.steps} steps, ${page.cached} cached`;
  const head = `${page.subject} (${page.id}): ${page.status}${took}, ${steps}`;
  return [head, ...lines.map((line) => shown(line, totalMs))].join('\n');
}

function lineOf(step: BuildStep): Line {
  const waits = step.waits ?? [];
  const outcome = step.failed ? ' · failed' : step.cached && step.position > 0 ? ' · cached' : '';
  const waited = waits.map((wait) => ` · waited ${secondsOf(wait.ms)} for ${wait.for}`).join('');
  return {
    startMs: step.startMs,
    endMs: step.endMs,
    waitedMs: waits.reduce((sum, { ms }) => sum + ms, 0),
    name: `@${step.number}`,
    text: `${step.text.replace(/\s+/g, ' ').slice(0, 60)}${outcome}${waited}`,
  };
}

function shown({ startMs, endMs, waitedMs, name, text }: Line, totalMs: number): string {
  const at = (ms: number): number => Math.min(barWidth, Math.round((ms / totalMs) * barWidth));
  const [start, end] = [Math.min(at(startMs), barWidth - 1), at(endMs)];
  const length = Math.max(1, end - start);
  const waiting = Math.min(length, at(waitedMs));
  const bar = ' '.repeat(start) + '░'.repeat(waiting) + '█'.repeat(length - waiting);
  const times = `${secondsOf(startMs).padStart(8)} ${`+${secondsOf(endMs - startMs)}`.padStart(9)}`;
  return `${name.padStart(4)} ${times} ${bar.padEnd(barWidth)} ${text}`.trimEnd();
}
