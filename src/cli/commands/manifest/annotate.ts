// wharf manifest annotate
import { getList, keepList } from '#cli/commands/manifest/lists.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { many, text } from '#cli/grammar/flags.ts';
import { invalid, notFound } from '#shared/errors.ts';
import { formatReference, parseReference } from '#shared/oci/reference.ts';

export const command = defineCommand({
  usage: '[flags] LIST IMAGE',
  flags: {
    arch: text('Architecture', 'ARCH'),
    os: text('Operating system', 'OS'),
    'os-features': many('Features of the operating system that it needs', 'NAME'),
    'os-version': text('Version of the operating system', 'VERSION'),
    variant: text('Variant of the architecture', 'VARIANT'),
  },
  args: [2, 2],
  examples: ['wharf manifest annotate --arch arm --variant v7 example.org/app:1 example.org/app:1-armv7'],
  async run({ cli, flags, args: [name = '', image = ''] }) {
    const list = parseReference(name);
    const members = getList(cli.env, list);
    const member = members.find(({ source }) => source === formatReference(parseReference(image)));
    if (member === undefined)
      throw notFound(`manifest for image ${image} does not exist in ${name}`, {
        hint: `its images are ${members.map(({ source }) => source).join(', ')}`,
      });
    const { platform } = member.descriptor;
    if (flags.os !== undefined) platform.os = flags.os;
    if (flags.arch !== undefined) platform.architecture = flags.arch;
    if (flags.variant !== undefined) platform.variant = flags.variant;
    if (flags['os-version'] !== undefined) platform['os.version'] = flags['os-version'];
    if (flags['os-features'].length > 0)
      platform['os.features'] = flags['os-features'].flatMap((each) => each.split(','));
    if (platform.os === '' || platform.architecture === '')
      throw invalid(
        `manifest entry for image has unsupported os/arch combination: ${platform.os}/${platform.architecture}`,
      );
    keepList(cli.env, list, members);
  },
});
