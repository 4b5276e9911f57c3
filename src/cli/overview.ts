// The page of `wharf` alone, and the page of a group such as `wharf network`.
import { groups, sections } from '#cli/catalog.ts';
import type { FlagTable } from '#cli/grammar/flags.ts';
import { alignPairs, flagLines } from '#cli/grammar/help.ts';

/** Every command in its section, then the global flags. */
export function overviewPage(flags: FlagTable): string {
  const parts = ['Usage:  wharf [flags] COMMAND', '', 'Build images, run containers.'];
  for (const { title, entries } of sections) {
    parts.push('', `${title}:`, ...alignPairs(entries.map(({ name, summary }) => [name, summary])));
  }
  parts.push('', 'Groups, each with its own --help:', ...alignPairs(Object.entries(groups)));
  parts.push('', 'Flags:', ...flagLines(flags));
  parts.push(
    '',
    'First steps:',
    '  wharf build -t hello .',
    '  wharf run --rm -p 8080:80 hello',
    '  wharf ps',
  );
  parts.push('', "'wharf COMMAND --help' teaches one command.");
  return `${parts.join('\n')}\n`;
}

/** The commands of a group under the names they have there. */
export function groupPage(group: string): string {
  const rows = sections.flatMap(({ entries }) =>
    entries.flatMap(({ name, also, summary }) => {
      const full = [name, ...also].find((each) => each.startsWith(`${group} `));
      return full === undefined ? [] : [[full.slice(group.length + 1), summary]];
    }),
  );
  const parts = [
    `Usage:  wharf ${group} COMMAND`,
    '',
    groups[group] ?? '',
    '',
    'Commands:',
    ...alignPairs(rows),
  ];
  return `${parts.join('\n')}\n\n'wharf ${group} COMMAND --help' teaches one command.\n`;
}
