// wharf image layers
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { ellipsis, printRows } from '#cli/terminal/table.ts';
import { platformJson, shownId } from '#cli/terminal/words.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';

const heads = {
  Layer: 'LAYER',
  Size: 'SIZE',
  Files: 'FILES',
  CreatedBy: 'CREATED BY',
  SharedWith: 'SHARED WITH',
};

export const command = defineCommand({
  usage: '[flags] IMAGE',
  flags: {
    format: text('json, a template, or "table TEMPLATE"', 'FORMAT'),
    'no-trunc': toggle('Do not shorten anything'),
    platform: text('Only this platform of it', 'OS/ARCH'),
  },
  args: [1, 1],
  examples: [
    'wharf image layers app',
    "wharf image layers --format '{{.Layer}} +{{.Added}} ~{{.Changed}} -{{.Removed}}' app",
  ],
  async run({ cli, flags, args: [name = ''] }) {
    const whole = flags['no-trunc'];
    const { images } = await cli.client();
    // A platform that the image has not is told by the engine.
    if (flags.platform !== undefined) await images.inspect(name, platformJson(flags.platform));
    const rows = (await images.layers(name)).map((layer) => {
      const by = layer.CreatedBy.replaceAll('\t', ' ');
      const shared = layer.SharedWith.join(', ');
      return {
        Added: layer.Added,
        Changed: layer.Changed,
        CreatedBy: whole ? by : ellipsis(by, 60),
        Files: `+${layer.Added} ~${layer.Changed} -${layer.Removed}`,
        Layer: shownId(layer.DiffId, whole),
        Removed: layer.Removed,
        SharedWith: whole ? shared : ellipsis(shared, 40),
        Size: formatBytesDecimal(layer.Size),
      };
    });
    printRows(cli, rows, {
      heads,
      columns: ['Layer', 'Size', 'Files', 'CreatedBy', 'SharedWith'],
      format: flags.format,
    });
  },
});
