// wharf manifest create
import { findList, keepList, type Member } from '#cli/commands/manifest/lists.ts';
import { callOptions, fetchImage, openFor, platformOf } from '#cli/commands/manifest/remote.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { toggle } from '#cli/grammar/flags.ts';
import { conflict } from '#shared/errors.ts';
import { formatReference, parseReference } from '#shared/oci/reference.ts';

export const command = defineCommand({
  usage: '[flags] LIST IMAGE [IMAGE...]',
  flags: {
    amend: toggle('Add to a list that is there', 'a'),
    insecure: toggle('The registry may speak http, or TLS that is not verified'),
  },
  args: [2, Number.POSITIVE_INFINITY],
  examples: ['wharf manifest create registry.example.org/app:1 registry.example.org/app:1-amd64'],
  async run({ cli, flags, args: [name = '', ...images] }) {
    const list = parseReference(name);
    const members = findList(cli.env, list) ?? [];
    if (members.length > 0 && !flags.amend)
      throw conflict('refusing to amend an existing manifest list with no --amend flag');
    for (const image of images) {
      const reference = parseReference(image);
      using registry = openFor(reference, flags.insecure);
      const options = callOptions(cli, reference);
      const { descriptor, document } = await fetchImage(registry, reference, options);
      const platform = await platformOf(registry, reference, { config: document.manifest.config, options });
      const source = formatReference(reference);
      const member: Member = { source, descriptor: { ...descriptor, platform } };
      const at = members.findIndex((each) => each.source === source);
      if (at < 0) members.push(member);
      else members[at] = member;
    }
    keepList(cli.env, list, members);
    cli.print(`Created manifest list ${formatReference(list)}`);
  },
});
