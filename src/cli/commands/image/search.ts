// wharf search
import type { Cli } from '#cli/context.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { many, text, toggle } from '#cli/grammar/flags.ts';
import { registryAuthFor } from '#cli/terminal/credentials.ts';
import { ellipsis, printRows } from '#cli/terminal/table.ts';
import { filtersOf } from '#cli/terminal/words.ts';
import { invalid } from '#shared/errors.ts';
import { parseReference } from '#shared/oci/reference.ts';

const heads = {
  Name: 'NAME',
  Description: 'DESCRIPTION',
  StarCount: 'STARS',
  IsOfficial: 'OFFICIAL',
  IsAutomated: 'AUTOMATED',
};

export const command = defineCommand({
  usage: '[flags] TERM',
  flags: {
    filter: many('Only these (is-official=true, stars=10)', 'KEY=VALUE', { short: 'f' }),
    format: text('json, a template, or "table TEMPLATE"', 'FORMAT'),
    limit: text('Show so many at most', 'N'),
    'no-trunc': toggle('Do not shorten anything'),
    tags: toggle('TERM is a repository: list its tags'),
  },
  args: [1, 1],
  examples: [
    'wharf search nginx',
    'wharf search --filter is-official=true --limit 5 python',
    'wharf search --tags python',
  ],
  async run({ cli, flags, args: [term = ''] }) {
    if (flags.limit !== undefined && !/^\d{1,4}$/.test(flags.limit))
      throw invalid(
        `invalid argument ${JSON.stringify(flags.limit)} for "--limit" flag: expected a whole number`,
      );
    if (flags.tags) {
      await printTags(cli, term, flags);
      return;
    }
    const filters = filtersOf(flags.filter);
    const { images } = await cli.client();
    const found = await images.search({
      term,
      ...(flags.limit === undefined ? {} : { limit: Number(flags.limit) }),
      ...(filters === undefined ? {} : { filters }),
    });
    const rows = found
      .sort((a, b) => b.star_count - a.star_count)
      .map((each) => {
        const description = each.description.replaceAll(/[\r\n]+/g, ' ');
        const row = {
          Description: flags['no-trunc'] ? description : ellipsis(description, 45),
          IsOfficial: each.is_official ? '[OK]' : '',
          Name: each.name,
          StarCount: String(each.star_count),
        };
        return {
          ...row,
          IsAutomated: () => (each.is_automated ? '[OK]' : ''),
          toJSON: () => ({ ...row, IsOfficial: String(each.is_official) }),
        };
      });
    printRows(cli, rows, {
      heads,
      columns: ['Name', 'Description', 'StarCount', 'IsOfficial'],
      format: flags.format,
    });
  },
});

const byNumber = new Intl.Collator('en', { numeric: true });

/** A tag a line, as it can be pulled; the registry is asked page by page until there are enough. */
async function printTags(
  cli: Cli,
  repository: string,
  flags: { filter: readonly string[]; format: string | undefined; limit: string | undefined },
): Promise<void> {
  if (flags.filter.length > 0) throw invalid('--filter has no meaning with --tags: pipe the list to grep');
  const limit = flags.limit === undefined ? Number.POSITIVE_INFINITY : Number(flags.limit);
  const { images } = await cli.client();
  const auth = registryAuthFor(cli.env, parseReference(repository).registry);
  const rows: { Name: string; Tag: string }[] = [];
  const known = new Set<string>();
  for (let last: string | undefined = ''; last !== undefined && rows.length < limit; ) {
    const n = Math.min(1000, limit - rows.length);
    const page = await images.tags(repository, last === '' ? { n } : { n, last }, auth);
    const fresh = page.Tags.filter((tag) => !known.has(tag));
    for (const tag of fresh) known.add(tag);
    rows.push(...fresh.map((Tag) => ({ Name: `${page.Name}:${Tag}`, Tag })));
    // A registry that goes round in circles has nothing more.
    last = page.Next === '' || fresh.length === 0 ? undefined : page.Next;
  }
  const shape = { heads: { Name: 'NAME', Tag: 'TAG' }, columns: ['Name'] as const, format: flags.format };
  const ordered = rows.sort((a, b) => byNumber.compare(a.Tag, b.Tag));
  printRows(cli, ordered.slice(0, limit), shape);
}
