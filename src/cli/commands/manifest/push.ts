// wharf manifest push
import { getList, type Member, removeList } from '#cli/commands/manifest/lists.ts';
import { callOptions, fetchImage, openFor } from '#cli/commands/manifest/remote.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { toggle } from '#cli/grammar/flags.ts';
import { digestOf } from '#registry/manifests.ts';
import type { CallOptions, RegistryClient } from '#registry/registry.ts';
import { invalid } from '#shared/errors.ts';
import { parseReference, type Reference } from '#shared/oci/reference.ts';
import { type Index, mediaTypes } from '#shared/oci/specs.ts';

export const command = defineCommand({
  usage: '[flags] LIST',
  flags: {
    insecure: toggle('The registry may speak http, or TLS that is not verified'),
    purge: toggle('Forget the list here once it is pushed', 'p'),
  },
  args: [1, 1],
  examples: ['wharf manifest push registry.example.org/app:1'],
  async run({ cli, flags, args: [name = ''] }) {
    const list = parseReference(name);
    const members = getList(cli.env, list);
    const stranger = members.find(({ source }) => parseReference(source).registry !== list.registry);
    if (stranger !== undefined)
      throw invalid(
        `cannot use source images from a different registry than the target image: ${stranger.source}`,
        { hint: `push that image to ${list.registry} first` },
      );
    using registry = openFor(list, flags.insecure);
    const options = callOptions(cli, list);
    for (const { source } of members) await bringHere(registry, { source, list }, options);
    const index = indexOf(members);
    const bytes = Buffer.from(JSON.stringify(index, undefined, 3));
    const target = list.tag ?? 'latest';
    await registry.putManifest(list, { target, mediaType: index.mediaType, bytes }, options);
    cli.print(digestOf(bytes));
    if (flags.purge) removeList(cli.env, list);
  },
});

/** What a list of these images says: Docker's form where all of them have it. */
export function indexOf(members: readonly Member[]): Index & { mediaType: string } {
  const allDocker = members.every(({ descriptor }) => descriptor.mediaType === mediaTypes.dockerManifest);
  return {
    schemaVersion: 2,
    mediaType: allDocker ? mediaTypes.dockerList : mediaTypes.ociIndex,
    manifests: members.map(({ descriptor: { mediaType, size, digest, platform } }) => ({
      mediaType,
      size,
      digest,
      platform,
    })),
  };
}

/** The image is in the repository of the list afterwards: its blobs by mounting, its manifest by digest. */
async function bringHere(
  registry: RegistryClient,
  { source, list }: { source: string; list: Reference },
  options: CallOptions,
): Promise<void> {
  const from = parseReference(source);
  if (from.repository === list.repository) return;
  const { bytes, descriptor, document } = await fetchImage(registry, from, options);
  for (const { digest } of [document.manifest.config, ...document.manifest.layers]) {
    if (await registry.hasBlob(list, digest, options)) continue;
    if (!(await registry.mountBlob(list, digest, { ...options, from: from.repository })))
      throw invalid(`the registry does not let ${list.repository} share ${digest} with ${from.repository}`, {
        hint: `push the image to ${list.registry}/${list.repository} itself, then create the list again`,
      });
  }
  const { digest, mediaType } = descriptor;
  await registry.putManifest(list, { target: digest, mediaType, bytes }, options);
}
