// wharf image layers
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { ellipsis, printRows } from '#cli/terminal/table.ts';
import { platformJson, shownId } from '#cli/terminal/words.ts';
import type { Client } from '#client/client.ts';
import type { ImageHistoryEntry } from '#shared/contract/image.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';

const heads = {
  Layer: 'LAYER',
  Size: 'SIZE',
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
  examples: ['wharf image layers app', "wharf image layers --format '{{.Layer}} {{.SharedWith}}' app"],
  async run({ cli, flags, args: [name = ''] }) {
    const whole = flags['no-trunc'];
    const platform = platformJson(flags.platform);
    const client = await cli.client();
    const [image, history] = await Promise.all([
      client.images.inspect(name, platform),
      client.images.history(name, platform),
    ]);
    const layers = image.RootFS?.Layers ?? [];
    const sharers = await sharersOf(client, image.Id, layers);
    const steps = stepsOf(history, layers.length);
    const rows = layers.map((layer, at) => {
      const by = (steps[at]?.CreatedBy ?? '').replaceAll('\t', ' ');
      const shared = (sharers[at] ?? []).join(', ');
      return {
        CreatedBy: whole ? by : ellipsis(by, 60),
        Layer: shownId(layer, whole),
        SharedWith: whole ? shared : ellipsis(shared, 40),
        Size: steps[at] === undefined ? '' : formatBytesDecimal(steps[at].Size),
      };
    });
    printRows(cli, rows, {
      heads,
      columns: ['Layer', 'Size', 'CreatedBy', 'SharedWith'],
      format: flags.format,
    });
  },
});

/**
 * The step of each layer, the lowest first. The API does not say which steps made one: where more steps have a size than
 * there are layers, or fewer, those that only set something are told by their instruction.
 */
export function stepsOf(
  history: readonly ImageHistoryEntry[],
  count: number,
): (ImageHistoryEntry | undefined)[] {
  const steps = history.toReversed();
  const sized = steps.filter(({ Size }) => Size > 0);
  if (sized.length === count) return sized;
  const settings =
    /^(?:\/bin\/sh -c #\(nop\)\s+)?(?:ARG|CMD|ENTRYPOINT|ENV|EXPOSE|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|SHELL|STOPSIGNAL|USER|VOLUME)\b/;
  const making = steps.filter(({ Size, CreatedBy }) => Size > 0 || !settings.test(CreatedBy));
  return making.length === count ? making : Array.from({ length: count }, () => undefined);
}

/** For each layer the other images that stand on the same layers up to it. */
async function sharersOf(client: Client, id: string, layers: readonly string[]): Promise<string[][]> {
  const others = (await client.images.list()).filter((each) => each.Id !== id);
  const known = await Promise.all(
    others.map(async (each) => ({
      name: each.RepoTags?.find((tag) => !tag.startsWith('<none>')) ?? shownId(each.Id, false),
      layers: (await client.images.inspect(each.Id).catch(() => undefined))?.RootFS?.Layers ?? [],
    })),
  );
  return layers.map((_layer, at) =>
    known.flatMap((each) =>
      layers.slice(0, at + 1).every((layer, below) => each.layers[below] === layer) ? [each.name] : [],
    ),
  );
}
