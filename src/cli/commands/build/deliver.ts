// After a build: what the engine made is fetched, written and pushed.
import { mkdirSync, writeFileSync } from 'node:fs';
import type { CacheExport } from '#cli/commands/build/caches.ts';
import type { BuildOutput } from '#cli/commands/build/outputs.ts';
import type { Cli, Output } from '#cli/context.ts';
import { registryAuthFor } from '#cli/terminal/credentials.ts';
import { showProgress } from '#cli/terminal/progress.ts';
import type { Client } from '#client/client.ts';
import { codeOf, invalid, messageOf } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { familiarReference, familiarRepository, parseReference } from '#shared/oci/reference.ts';

export interface Delivery {
  session: string | undefined;
  outputs: readonly BuildOutput[];
  caches: readonly CacheExport[];
  tags: readonly string[];
  /** Where progress goes. */
  progress: Output;
}

async function fetchInto(
  client: Client,
  session: string,
  kind: 'files' | 'archive' | 'cache',
  dest: string,
): Promise<void> {
  const { unpackTar } = await import('#cli/files/unpack.ts');
  writing(dest, () => makeFolders(mkdirSync, dest));
  const tar = await client.images.buildOutput(session, kind);
  await unpackTar(tar, { root: dest, place: (name) => name, owners: false });
}

/** Afterwards every output is where it was asked for. The answer is the digest that was pushed, if any. */
export async function deliver(cli: Cli, client: Client, delivery: Delivery): Promise<string | undefined> {
  const { session, outputs, caches, tags, progress } = delivery;
  if (session !== undefined) {
    for (const output of outputs) {
      if (output.kind !== 'files' && output.kind !== 'archive') continue;
      const { kind, dest, isFolder } = output;
      if (isFolder) await fetchInto(client, session, kind, dest);
      else {
        const { writeTar } = await import('#cli/terminal/tar-file.ts');
        await writeTar(cli, { file: dest, open: () => client.images.buildOutput(session, kind) });
      }
    }
    for (const { dest } of caches) if (dest !== undefined) await fetchInto(client, session, 'cache', dest);
  }
  if (!outputs.some((output) => output.kind === 'image' && output.push)) return undefined;
  if (tags.length === 0)
    throw invalid('tag is needed when pushing to registry', { hint: 'name the image with -t' });
  return await push(cli, client, { tags, progress });
}

async function push(
  cli: Cli,
  client: Client,
  { tags, progress }: Pick<Delivery, 'tags' | 'progress'>,
): Promise<string | undefined> {
  let digest: string | undefined;
  for (const tag of tags) {
    const reference = parseReference(tag);
    const auth = registryAuthFor(cli.env, reference.registry);
    const lines = await client.images.push(
      familiarRepository(reference),
      { tag: reference.tag ?? 'latest' },
      auth,
    );
    await showProgress(progress, lines, {
      onAux: (aux) => {
        if (typeof aux === 'object' && aux !== null && 'Digest' in aux) digest = String(aux.Digest);
      },
    });
  }
  return digest;
}

/** What tools read of a build, by the keys that buildx has. */
export function writeMetadata(
  file: string,
  made: { id: string; index: string | undefined; digest: string | undefined; tags: readonly string[] },
): void {
  const { id, index, digest, tags } = made;
  const names = tags.map((tag) => familiarReference(parseReference(tag)));
  const metadata = {
    // An index has no configuration of its own.
    ...(index === undefined ? { 'containerimage.config.digest': id } : {}),
    'containerimage.digest': digest ?? index ?? id,
    ...(names.length === 0 ? {} : { 'image.name': names.join(',') }),
  };
  writing(file, () => writeFileSync(file, `${JSON.stringify(metadata, null, 2)}\n`));
}

/** Does it; what the file system refuses is `invalid` and names the path. */
export function writing(path: string, write: () => void): void {
  try {
    write();
  } catch (thrown) {
    if (codeOf(thrown) === undefined) throw thrown;
    throw invalid(`failed to write ${path}: ${messageOf(thrown)}`, { cause: thrown });
  }
}
