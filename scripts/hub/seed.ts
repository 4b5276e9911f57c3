// Fills a Hub with images from OCI layouts: `seed.ts HOST[:PORT] NAME:TAG=LAYOUT…`, as in `127.0.0.1:5000 library/python:3.11-slim=DIR`.
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openRegistry, type RegistryClient } from '#registry/registry.ts';
import { hexOf } from '#shared/oci/digest.ts';
import type { Reference } from '#shared/oci/reference.ts';
import type { Descriptor, Index, Manifest } from '#shared/oci/specs.ts';

export interface Seed {
  /** `127.0.0.1:5000`. */
  registry: string;
  /** `library/python`. */
  repository: string;
  tag: string;
  /** Folder of an OCI image layout; its first manifest is what is pushed. */
  layout: string;
}

/** The tag is in the registry, with everything it needs. What is there already is not sent again. */
export async function seedImage(
  client: RegistryClient,
  { registry, repository, tag, layout }: Seed,
): Promise<void> {
  const index: Index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8'));
  const [top] = index.manifests;
  if (top === undefined) throw new Error(`${layout} has no manifest`);
  await pushManifest(client, { ref: { registry, repository, tag }, target: tag, descriptor: top, layout });
}

interface Push {
  ref: Reference;
  target: string;
  descriptor: Descriptor;
  layout: string;
}

async function pushManifest(
  client: RegistryClient,
  { ref, target, descriptor, layout }: Push,
): Promise<void> {
  const bytes = await readFile(blobPath(layout, descriptor));
  const document: Partial<Index & Manifest> = JSON.parse(bytes.toString('utf8'));
  for (const child of document.manifests ?? []) {
    await pushManifest(client, { ref, target: child.digest, descriptor: child, layout });
  }
  const { config, layers = [] } = document;
  for (const blob of config === undefined ? layers : [...layers, config]) {
    if (await client.hasBlob(ref, blob.digest)) continue;
    await client.uploadBlob(ref, { descriptor: blob, open: () => createReadStream(blobPath(layout, blob)) });
  }
  await client.putManifest(ref, { target, mediaType: descriptor.mediaType, bytes });
}

function blobPath(layout: string, { digest }: Descriptor): string {
  return join(layout, 'blobs/sha256', hexOf(digest));
}

function parseSeed(registry: string, text: string): Seed {
  const [, repository, tag, layout] = /^([^:=]+):([^=]+)=(.+)$/.exec(text) ?? [];
  if (repository === undefined || tag === undefined || layout === undefined) {
    throw new Error(`${text} is not NAME:TAG=LAYOUT`);
  }
  return { registry, repository, tag, layout };
}

if (import.meta.main) {
  const [registry, ...texts] = process.argv.slice(2);
  if (registry === undefined || texts.length === 0)
    throw new Error('usage: seed.ts HOST[:PORT] NAME:TAG=LAYOUT…');
  using client = openRegistry();
  for (const seed of texts.map((text) => parseSeed(registry, text))) {
    await seedImage(client, seed);
    console.log(`${seed.repository}:${seed.tag}`);
  }
}
