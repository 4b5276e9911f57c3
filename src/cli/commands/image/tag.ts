// wharf tag
import { defineCommand } from '#cli/grammar/command.ts';
import { invalid, messageOf } from '#shared/errors.ts';
import { familiarRepository, parseReference } from '#shared/oci/reference.ts';

function referenceOf(name: string): ReturnType<typeof parseReference> {
  try {
    return parseReference(name);
  } catch (cause) {
    const quoted = JSON.stringify(name);
    throw invalid(`Error parsing reference: ${quoted} is not a valid repository/tag: ${messageOf(cause)}`, {
      cause,
    });
  }
}

export const command = defineCommand({
  usage: 'IMAGE NAME[:TAG]',
  flags: {},
  args: [2, 2],
  examples: ['wharf tag app localhost:5000/app:1.0'],
  async run({ cli, args: [image = '', name = ''] }) {
    const reference = referenceOf(name);
    if (reference.digest !== undefined) throw invalid('refusing to create a tag with a digest reference');
    const { images } = await cli.client();
    await images.tag(image, familiarRepository(reference), reference.tag);
  },
});
