// wharf inspect

import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { printInspected } from '#cli/terminal/inspected.ts';
import type { Client } from '#client/client.ts';
import { invalid, isKind, notFound } from '#shared/errors.ts';

type Finder = (client: Client, name: string, size: boolean) => Promise<unknown>;

const finders: Record<string, Finder> = {
  container: ({ containers }, name, size) => containers.inspect(name, { size }),
  image: ({ images }, name) => images.inspect(name),
  network: ({ networks }, name) => networks.inspect(name),
  volume: ({ volumes }, name) => volumes.inspect(name),
};

export const command = defineCommand({
  usage: '[flags] NAME|ID [NAME|ID...]',
  flags: {
    format: text('json or a template', 'FORMAT', { short: 'f' }),
    size: toggle('Show sizes of containers', 's'),
    type: text('Only look among these: container, image, network or volume', 'TYPE'),
  },
  args: [1, Number.POSITIVE_INFINITY],
  examples: ['wharf inspect web', "wharf inspect -f '{{.State.Status}}' web"],
  async run({ cli, flags, args }) {
    const client = await cli.client();
    const { type } = flags;
    if (type !== undefined && !Object.hasOwn(finders, type)) {
      const types = Object.keys(finders).map((each) => JSON.stringify(each));
      throw invalid(`unknown type: ${JSON.stringify(type)}: must be one of ${types.join(', ')}`);
    }
    const order = Object.entries(finders).filter(([each]) => type === undefined || each === type);
    const find = async (name: string) => {
      for (const [, look] of order) {
        try {
          return await look(client, name, flags.size);
        } catch (thrown) {
          // A name that is not even allowed for one kind may be right for the next.
          if (!isKind(thrown, 'not-found', 'invalid')) throw thrown;
        }
      }
      throw notFound(type === undefined ? `No such object: ${name}` : `No such ${type}: ${name}`);
    };
    return printInspected(cli, args, { format: flags.format, find });
  },
});
