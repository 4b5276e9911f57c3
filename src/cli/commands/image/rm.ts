// wharf rmi
import { printError } from '#cli/failure.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { nowFlag, trashGroup } from '#cli/terminal/trash.ts';
import { platformJson } from '#cli/terminal/words.ts';
import { isKind } from '#shared/errors.ts';

export const command = defineCommand({
  usage: '[flags] IMAGE [IMAGE...]',
  flags: {
    force: toggle('Remove it though it has other names or stopped containers', 'f'),
    'no-prune': toggle('Keep untagged parents'),
    ...nowFlag,
    platform: text('Only this platform of it', 'OS/ARCH'),
  },
  args: [1, Number.POSITIVE_INFINITY],
  examples: ['wharf rmi app:old', 'wharf rmi $(wharf images -q --filter dangling=true)'],
  async run({ cli, flags, args }) {
    const { images } = await cli.client();
    const trash = trashGroup(flags.now);
    let code = 0;
    // One after the other: each may take the last name of what the next one means.
    for (const name of args) {
      try {
        for (const { Untagged, Deleted } of await images.remove(name, {
          force: flags.force,
          noprune: flags['no-prune'],
          trash,
          platforms: flags.platform === undefined ? undefined : `[${platformJson(flags.platform)}]`,
        })) {
          cli.print(Untagged === undefined ? `Deleted: ${Deleted}` : `Untagged: ${Untagged}`);
        }
      } catch (thrown) {
        if (isKind(thrown, 'unavailable')) throw thrown;
        printError(thrown);
        code = flags.force && isKind(thrown, 'not-found') ? code : 1;
      }
    }
    return code;
  },
});
