// Turns the tar of a root into an OCI image layout (OCI image-spec, image-layout.md) with one gzip layer.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { hexOf } from '#shared/oci/digest.ts';
import { platformOf } from '#shared/oci/platform.ts';
import {
  type Descriptor,
  type ImageConfig,
  type ImageRunConfig,
  type Index,
  type Manifest,
  mediaTypes,
} from '#shared/oci/specs.ts';
import type { Recipe } from './recipes.ts';

const created = '2025-01-01T00:00:00Z';

/** Writes the layout of a one-layer image to `layoutDir`. The same tar gives the same digests. */
export async function writeLayout(tarFile: string, layoutDir: string, run: ImageRunConfig): Promise<void> {
  const blobs = join(layoutDir, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const layer = await compress(tarFile, blobs);
  const history = [{ created, created_by: 'made from Debian packages by scripts/images' }];
  const rootfs: ImageConfig['rootfs'] = { type: 'layers', diff_ids: [`sha256:${layer.diffHex}`] };
  await writeImage(layoutDir, {
    config: { ...platform(), config: run, rootfs, history },
    layers: [layer.blob],
  });
}

export interface Extension {
  /** Layout of the image below. Its blobs are linked, not copied. */
  base: string;
  /** The new layer. */
  tarFile: string;
  layoutDir: string;
  recipe: Recipe;
}

/** Writes the layout of an image with one more layer, with the recipe's settings as further history. */
export async function extendLayout({ base, tarFile, layoutDir, recipe }: Extension): Promise<void> {
  const blobs = join(layoutDir, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const index: Index = await readJson(join(base, 'index.json'));
  const [top] = index.manifests;
  if (top === undefined) throw new Error(`${base} has no manifest`);
  const manifest: Manifest = await readJson(join(base, 'blobs/sha256', hexOf(top.digest)));
  const below: ImageConfig = await readJson(join(base, 'blobs/sha256', hexOf(manifest.config.digest)));
  for (const { digest } of manifest.layers)
    await link(join(base, 'blobs/sha256', hexOf(digest)), join(blobs, hexOf(digest)));
  const layer = await compress(tarFile, blobs);
  const packages = `RUN apt-get install ${(recipe.packages ?? []).join(' ')} # Debian ${recipe.suite ?? 'bookworm'}`;
  const history = [
    { created, created_by: packages },
    { created, created_by: 'COPY rootfs/ /' },
    ...instructionsOf(recipe.config).map((line) => ({ created, created_by: line, empty_layer: true })),
  ];
  const rootfs = {
    ...below.rootfs,
    diff_ids: [...below.rootfs.diff_ids, `sha256:${layer.diffHex}` as const],
  };
  const config = { ...platform(), config: recipe.config, rootfs, history };
  await writeImage(layoutDir, { config, layers: [...manifest.layers, layer.blob] });
}

function instructionsOf(run: ImageRunConfig): string[] {
  const lines = (run.Env ?? []).map((line) => `ENV ${line}`);
  for (const port of Object.keys(run.ExposedPorts ?? {})) lines.push(`EXPOSE ${port}`);
  for (const volume of Object.keys(run.Volumes ?? {})) lines.push(`VOLUME [${volume}]`);
  if (run.WorkingDir !== undefined) lines.push(`WORKDIR ${run.WorkingDir}`);
  if (run.StopSignal !== undefined) lines.push(`STOPSIGNAL ${run.StopSignal}`);
  lines.push(`ENTRYPOINT ${JSON.stringify(run.Entrypoint)}`, `CMD ${JSON.stringify(run.Cmd)}`);
  return lines;
}

function platform(): { created: string; architecture: string; os: string } {
  const { architecture, os } = platformOf(process.arch);
  return { created, architecture, os };
}

async function writeImage(
  layoutDir: string,
  { config, layers }: { config: ImageConfig; layers: Descriptor[] },
): Promise<void> {
  const blobs = join(layoutDir, 'blobs/sha256');
  const configBlob = await putJson(blobs, config, mediaTypes.ociConfig);
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: configBlob, layers };
  const manifestBlob = await putJson(blobs, manifest, mediaTypes.ociManifest);
  const index = { schemaVersion: 2, manifests: [manifestBlob] };
  await writeFile(join(layoutDir, 'index.json'), JSON.stringify(index));
  await writeFile(join(layoutDir, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}

async function readJson<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, 'utf8'));
}

async function compress(tarFile: string, blobs: string): Promise<{ diffHex: string; blob: Descriptor }> {
  const plain = createHash('sha256');
  const packed = createHash('sha256');
  const tap = (hash: ReturnType<typeof createHash>) =>
    new Transform({
      transform(chunk, _encoding, done) {
        hash.update(chunk);
        done(null, chunk);
      },
    });
  const file = join(blobs, 'layer.tmp');
  await pipeline(
    createReadStream(tarFile),
    tap(plain),
    createGzip({ level: 4 }),
    tap(packed),
    createWriteStream(file),
  );
  const hex = packed.digest('hex');
  await rename(file, join(blobs, hex));
  const { size } = await stat(join(blobs, hex));
  return {
    diffHex: plain.digest('hex'),
    blob: { mediaType: mediaTypes.ociLayerGzip, digest: `sha256:${hex}`, size },
  };
}

async function putJson(blobs: string, value: object, mediaType: string): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(value));
  const hex = createHash('sha256').update(bytes).digest('hex');
  await writeFile(join(blobs, hex), bytes);
  return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
}
