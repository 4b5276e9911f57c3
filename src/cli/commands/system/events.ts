// wharf events
import { unixText } from '#cli/commands/inside/logs.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { many, text } from '#cli/grammar/flags.ts';
import { filtersOf } from '#cli/terminal/words.ts';
import type { EngineEvent } from '#shared/contract/event.ts';
import { compileTemplate } from '#shared/notation/template.ts';

export const command = defineCommand({
  usage: '[flags]',
  flags: {
    filter: many('Only these (type=container, event=die, container=web …)', 'KEY=VALUE', { short: 'f' }),
    format: text('json or a template', 'FORMAT'),
    since: text('From this time on', 'TIME'),
    until: text('Up to this time, then end', 'TIME'),
  },
  args: [0, 0],
  examples: ['wharf events', 'wharf events --since 10m --until 0s --filter event=die'],
  async run({ cli, flags }) {
    const show = formatterOf(flags.format);
    const filters = filtersOf(flags.filter);
    const { system } = await cli.client();
    const events = await system.events({
      ...(flags.since === undefined ? {} : { since: unixText(flags.since) }),
      ...(flags.until === undefined ? {} : { until: unixText(flags.until) }),
      ...(filters === undefined ? {} : { filters }),
    });
    for await (const event of events) cli.print(show(event));
  },
});

function formatterOf(format: string | undefined): (event: EngineEvent) => string {
  if (format === 'json') return (event) => JSON.stringify(event);
  return format === undefined ? plainText : compileTemplate(format);
}

function plainText(event: EngineEvent): string {
  const at = new Date(event.time * 1000).toISOString().slice(0, 19);
  const nanos = String(Math.round(event.timeNano % 1e9)).padStart(9, '0');
  const attributes = Object.entries(event.Actor.Attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const tail =
    attributes.length === 0 ? '' : ` (${attributes.map(([key, value]) => `${key}=${value}`).join(', ')})`;
  return `${at}.${nanos}Z ${event.Type} ${event.Action} ${event.Actor.ID}${tail}`;
}
