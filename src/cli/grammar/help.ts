// Help pages.
import type { Command } from '#cli/grammar/command.ts';
import type { FlagTable } from '#cli/grammar/flags.ts';

export interface PageHead {
  /** `wharf run` */
  name: string;
  summary: string;
  aliases: readonly string[];
}

/** The page of one command: usage, what it does, flags, examples. */
export function commandPage(head: PageHead, command: Command): string {
  const parts = [`Usage:  ${head.name} ${command.usage}`.trimEnd(), '', head.summary];
  if (head.aliases.length > 0) parts.push('', 'Also as:', `  ${head.aliases.join(', ')}`);
  const flags = flagLines(command.flags);
  if (flags.length > 0) parts.push('', 'Flags:', ...flags);
  if (command.examples.length > 0)
    parts.push('', 'Examples:', ...command.examples.map((example) => `  ${example}`));
  return `${parts.join('\n')}\n`;
}

export function flagLines(table: FlagTable): string[] {
  const shown = Object.entries(table).filter(([, flag]) => !flag.hidden);
  shown.sort(([a], [b]) => (a < b ? -1 : 1));
  return alignPairs(
    shown.map(([name, flag]) => {
      const short = flag.short === undefined ? '   ' : `-${flag.short},`;
      const value = flag.kind === 'toggle' ? '' : ` ${flag.value ?? 'TEXT'}`;
      const tail = flag.kind === 'toggle' && flag.on ? ' (on unless =false)' : '';
      return [`${short} --${name}${value}`, flag.help + tail];
    }),
  );
}

/** Two columns, the second aligned, two blanks before each line. */
export function alignPairs(pairs: readonly (readonly string[])[]): string[] {
  const width = Math.max(0, ...pairs.map(([left = '']) => (left.length > 34 ? 0 : left.length)));
  return pairs.map(([left = '', right = '']) => `  ${left.padEnd(width)}   ${right}`.trimEnd());
}
