// wharf manifest inspect
import { findList, getList } from '#cli/commands/manifest/lists.ts';
import { indexOf } from '#cli/commands/manifest/push.ts';
import { callOptions, openFor } from '#cli/commands/manifest/remote.ts';
import type { Cli } from '#cli/context.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { toggle } from '#cli/grammar/flags.ts';
import { notFound } from '#shared/errors.ts';
import { formatReference, parseReference, type Reference } from '#shared/oci/reference.ts';

export const command = defineCommand({
  usage: '[flags] [LIST] IMAGE',
  flags: {
    insecure: toggle('The registry may speak http, or TLS that is not verified'),
    verbose: toggle('Show the descriptor of each manifest, and what it says', 'v'),
  },
  args: [1, 2],
  examples: ['wharf manifest inspect debian', 'wharf manifest inspect -v registry.example.org/app:1'],
  async run({ cli, flags, args }) {
    const [first = '', second] = args;
    const print = (value: unknown) => cli.print(JSON.stringify(value, undefined, '\t'));
    if (second !== undefined) {
      const source = formatReference(parseReference(second));
      const member = getList(cli.env, parseReference(first)).find((each) => each.source === source);
      if (member === undefined) throw notFound(`No such manifest: ${second} in ${first}`);
      print(await inspected(cli, parseReference(second), { ...flags, descriptor: member.descriptor }));
      return;
    }
    const reference = parseReference(first);
    const begun = findList(cli.env, reference);
    print(begun === undefined ? await inspected(cli, reference, flags) : indexOf(begun));
  },
});

interface How {
  insecure: boolean;
  verbose: boolean;
  descriptor?: object;
}

/** What the registry has under the name; `verbose` looks into each image of a list as well. */
async function inspected(cli: Cli, reference: Reference, how: How): Promise<unknown> {
  using registry = openFor(reference, how.insecure);
  const options = callOptions(cli, reference);
  const found = await registry.manifest(reference, options);
  const content: unknown = JSON.parse(found.bytes.toString('utf8'));
  if (!how.verbose) return content;
  const { document } = found;
  const Ref = formatReference(reference);
  if (document.kind === 'manifest')
    return { Ref, Descriptor: how.descriptor ?? found.descriptor, OCIManifest: content };
  return Promise.all(
    document.index.manifests.map(async (descriptor) => {
      const { tag: _, ...rest } = reference;
      const image = await registry.manifest({ ...rest, digest: descriptor.digest }, options);
      const OCIManifest: unknown = JSON.parse(image.bytes.toString('utf8'));
      return { Ref: `${Ref}@${descriptor.digest}`, Descriptor: descriptor, OCIManifest };
    }),
  );
}
