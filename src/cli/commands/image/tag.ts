// wharf tag
import { defineCommand } from '#cli/grammar/command.ts';
import { invalid } from '#shared/errors.ts';
import { familiarRepository, parseReference } from '#shared/oci/reference.ts';

export const command = defineCommand({
  usage: 'IMAGE NAME[:TAG]',
  flags: {},
  args: [2, 2],
  examples: ['wharf tag app localhost:5000/app:1.0'],
  async run({ cli, args: [image = '', name = ''] }) {
    const reference = parseReference(name);
    if (reference.digest !== undefined) throw invalid('refusing to create a tag with a digest reference');
    const { images } = await cli.client();
    await images.tag(image, familiarRepository(reference), reference.tag);
  },
});
