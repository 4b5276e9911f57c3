// wharf hub gc
import { rootFlag, rootOf } from '#cli/commands/hub/place.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { parseDuration } from '#shared/notation/duration.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';

export const command = defineCommand({
  usage: '[flags]',
  flags: {
    grace: text('Keep what is younger (24h)', 'DURATION'),
    root: rootFlag,
    untagged: toggle('Images without a tag, too'),
  },
  args: [0, 0],
  examples: ['wharf hub gc --root /srv/hub --grace 0s --untagged'],
  async run({ cli, flags }) {
    const { collectHub } = await import('#daemon/hub.ts');
    const { blobs, freedBytes } = await collectHub(rootOf(flags.root), {
      untagged: flags.untagged,
      ...(flags.grace === undefined ? {} : { graceMs: parseDuration(flags.grace) / 1e6 }),
    });
    cli.print(`Removed blobs: ${blobs}`);
    cli.print(`Total reclaimed space: ${formatBytesDecimal(freedBytes)}`);
  },
});
