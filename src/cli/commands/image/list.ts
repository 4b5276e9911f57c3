// wharf images
import { defineCommand } from '#cli/grammar/command.ts';
import { many, text, toggle } from '#cli/grammar/flags.ts';
import { printRows, type Row } from '#cli/terminal/table.ts';
import { ago, createdAt, filtersOf, shownId } from '#cli/terminal/words.ts';
import type { ImageSummary } from '#shared/contract/image.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';

const heads = {
  Repository: 'REPOSITORY',
  Tag: 'TAG',
  Digest: 'DIGEST',
  ID: 'IMAGE ID',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  Size: 'SIZE',
  SharedSize: 'SHARED SIZE',
  UniqueSize: 'UNIQUE SIZE',
  VirtualSize: 'SIZE',
  Containers: 'CONTAINERS',
};

export const command = defineCommand({
  usage: '[flags] [REPOSITORY[:TAG]]',
  flags: {
    all: toggle('Show intermediate images too', 'a'),
    digests: toggle('Show digests'),
    filter: many('Only these (dangling=true, reference=py*, label=app …)', 'KEY=VALUE', { short: 'f' }),
    format: text('json, a template, or "table TEMPLATE"', 'FORMAT'),
    'no-trunc': toggle('Do not shorten anything'),
    quiet: toggle('Show ids only', 'q'),
    tree: toggle('', undefined, { hidden: true }),
  },
  args: [0, 1],
  examples: [
    'wharf images',
    'wharf images python',
    "wharf images --format '{{.Repository}}:{{.Tag}} {{.Size}}'",
  ],
  async run({ cli, flags, args: [reference] }) {
    const { images } = await cli.client();
    const filters = filtersOf(flags.filter, reference === undefined ? {} : { reference: [reference] });
    const found = await images.list({
      all: flags.all,
      digests: flags.digests,
      ...(filters === undefined ? {} : { filters }),
    });
    const wantsDigest = flags.digests || /\.Digest\b/.test(flags.format ?? '');
    const rows = found
      .sort((a, b) => b.Created - a.Created)
      .flatMap((image) => imageRows(image, { whole: flags['no-trunc'], digests: wantsDigest }));
    if (flags.quiet && flags.format === undefined) {
      for (const row of rows) cli.print(String(row['ID']));
      return;
    }
    const columns = ['Repository', 'Tag', ...(flags.digests ? ['Digest'] : []), 'ID', 'CreatedSince', 'Size'];
    printRows(cli, rows, { heads, columns, format: flags.format ?? cli.config().imagesFormat });
  },
});

/** A row a name; an image without one has one row of `<none>`. */
export function imageRows(image: ImageSummary, how: { whole: boolean; digests: boolean }): Row[] {
  const tags = (image.RepoTags ?? []).filter((tag) => tag !== '<none>:<none>');
  const digests = (image.RepoDigests ?? []).filter((digest) => digest !== '<none>@<none>');
  const size = formatBytesDecimal(image.Size);
  const row = (repository: string, tag: string, digest: string): Row => ({
    Containers: image.Containers < 0 ? 'N/A' : String(image.Containers),
    CreatedAt: createdAt(image.Created),
    CreatedSince: ago(image.Created),
    Digest: digest,
    ID: how.whole ? image.Id : shownId(image.Id, false),
    Repository: repository,
    SharedSize: image.SharedSize < 0 ? 'N/A' : formatBytesDecimal(image.SharedSize, 4),
    Size: size,
    Tag: tag,
    UniqueSize: image.SharedSize < 0 ? 'N/A' : formatBytesDecimal(image.Size - image.SharedSize, 4),
    VirtualSize: formatBytesDecimal(image.Size, 4),
  });
  const digestOf = (repository: string) =>
    digests.find((each) => each.startsWith(`${repository}@`))?.split('@')[1] ?? '<none>';
  if (tags.length > 0) {
    return tags.map((name) => {
      const colon = name.lastIndexOf(':');
      const repository = name.slice(0, colon);
      return row(repository, name.slice(colon + 1), digestOf(repository));
    });
  }
  const [first] = digests;
  if (first === undefined) return [row('<none>', '<none>', '<none>')];
  return digests.map((each) =>
    row(each.split('@')[0] ?? '<none>', '<none>', how.digests ? (each.split('@')[1] ?? '<none>') : '<none>'),
  );
}
