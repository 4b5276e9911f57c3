// wharf image referrers
import { defineCommand } from '#cli/grammar/command.ts';
import { text } from '#cli/grammar/flags.ts';
import { registryAuthFor } from '#cli/terminal/credentials.ts';
import { printRows } from '#cli/terminal/table.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';
import { parseReference } from '#shared/oci/reference.ts';

const heads = { Type: 'TYPE', Digest: 'DIGEST', Size: 'SIZE' };

export const command = defineCommand({
  usage: '[flags] IMAGE',
  flags: { format: text('json, a template, or "table TEMPLATE"', 'FORMAT') },
  args: [1, 1],
  examples: ['wharf image referrers registry.example.org/team/app:1'],
  async run({ cli, flags, args: [name = ''] }) {
    const { images } = await cli.client();
    const auth = registryAuthFor(cli.env, parseReference(name).registry);
    const rows = (await images.referrers(name, auth)).map((one) => ({
      Type: one.artifactType ?? one.mediaType,
      Digest: one.digest,
      Size: formatBytesDecimal(one.size),
    }));
    printRows(cli, rows, { heads, columns: ['Type', 'Digest', 'Size'], format: flags.format });
  },
});
