// wharf search
import { defineCommand } from '#cli/grammar/command.ts';
import { many, text, toggle } from '#cli/grammar/flags.ts';
import { ellipsis, printRows } from '#cli/terminal/table.ts';
import { filtersOf } from '#cli/terminal/words.ts';
import { invalid } from '#shared/errors.ts';

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
  },
  args: [1, 1],
  examples: ['wharf search nginx', 'wharf search --filter is-official=true --limit 5 python'],
  async run({ cli, flags, args: [term = ''] }) {
    if (flags.limit !== undefined && !/^\d{1,4}$/.test(flags.limit))
      throw invalid(
        `invalid argument ${JSON.stringify(flags.limit)} for "--limit" flag: expected a whole number`,
      );
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
        return {
          Description: flags['no-trunc'] ? description : ellipsis(description, 45),
          IsAutomated: each.is_automated ? '[OK]' : '',
          IsOfficial: each.is_official ? '[OK]' : '',
          Name: each.name,
          StarCount: String(each.star_count),
        };
      });
    printRows(cli, rows, {
      heads,
      columns: ['Name', 'Description', 'StarCount', 'IsOfficial'],
      format: flags.format,
    });
  },
});
