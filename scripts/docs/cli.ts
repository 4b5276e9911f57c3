// Writes docs/cli.md, the reference of the command line, from the catalog: `scripts/with-node.sh scripts/docs/cli.ts`.
import { writeFileSync } from 'node:fs';
import type { Entry } from '#cli/catalog/entry.ts';
import { groups, sections } from '#cli/catalog.ts';
import { globalFlags } from '#cli/endpoint.ts';
import type { FlagTable } from '#cli/grammar/flags.ts';

export const referenceFile = new URL('../../docs/cli.md', import.meta.url);

/** The whole page. */
export async function cliReference(): Promise<string> {
  const parts = [
    '# The command line',
    '',
    'Generated from the catalog by `scripts/docs/cli.ts`: change the commands, not this page.',
    '',
    '`wharf [flags] COMMAND` – `wharf COMMAND --help` shows the part of this page that is about one command. Most commands',
    'also have the name that Docker’s management commands give them: `wharf container ls` is `wharf ps`.',
    '',
    'The engine is that of `--host`, else of `WHARF_HOST`, `DOCKER_HOST`, `--context`, `DOCKER_CONTEXT` or',
    '`wharf context use`, else `unix:///run/wharf/wharf.sock`. Any engine that speaks the Docker Engine API will do.',
    '',
    '## Flags of every command',
    '',
    'They stand before the command.',
    '',
    ...flagTable(globalFlags),
  ];
  for (const { title, entries } of sections) {
    parts.push('', `## ${title}`, '', '| command | what it does |', '| --- | --- |');
    parts.push(
      ...entries.map(
        ({ name, summary }) => `| [\`${name}\`](#wharf-${name.replaceAll(' ', '-')}) | ${summary} |`,
      ),
    );
    for (const each of entries) parts.push('', ...(await chapter(each)));
  }
  parts.push(
    '',
    '## Groups',
    '',
    ...Object.entries(groups).map(([name, help]) => `- \`wharf ${name}\`: ${help}`),
  );
  return `${parts.join('\n')}\n`;
}

async function chapter({ name, also, summary, load }: Entry): Promise<string[]> {
  const { command } = await load();
  const lines = [
    `### wharf ${name}`,
    '',
    summary,
    '',
    '```',
    `wharf ${name} ${command.usage}`.trimEnd(),
    '```',
  ];
  if (also.length > 0) lines.push('', `Also: ${also.map((each) => `\`wharf ${each}\``).join(', ')}`);
  if (Object.values(command.flags).some(({ hidden }) => !hidden)) lines.push('', ...flagTable(command.flags));
  return [...lines, '', 'Examples:', '', '```sh', ...command.examples, '```'];
}

function flagTable(table: FlagTable): string[] {
  const shown = Object.entries(table).filter(([, { hidden }]) => !hidden);
  shown.sort(([a], [b]) => (a < b ? -1 : 1));
  const rows = shown.map(([name, flag]) => {
    const short = flag.short === undefined ? '' : `\`-${flag.short}\`, `;
    const value = flag.kind === 'toggle' ? '' : ` ${flag.value ?? 'TEXT'}`;
    const tail =
      flag.kind === 'many'
        ? '; may be repeated'
        : flag.kind === 'toggle' && flag.on
          ? '; on unless `=false`'
          : '';
    return `| ${short}\`--${name}${value.replaceAll('|', '\\|')}\` | ${flag.help.replaceAll('|', '\\|')}${tail} |`;
  });
  return ['| flag | meaning |', '| --- | --- |', ...rows];
}

if (import.meta.main) writeFileSync(referenceFile, await cliReference());
