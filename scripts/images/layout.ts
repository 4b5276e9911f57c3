// Turns the tar of a root into an OCI image layout (OCI image-spec, image-layout.md) with one gzip layer.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { platformOf } from '#shared/oci/platform.ts';
import { type Descriptor, type ImageConfig, type ImageRunConfig, mediaTypes } from '#shared/oci/specs.ts';

/** Writes the layout of a one-layer image to `layoutDir`. The same tar gives the same digests. */
export async function writeLayout(tarFile: string, layoutDir: string, run: ImageRunConfig): Promise<void> {
  const blobs = join(layoutDir, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const layer = await compress(tarFile, blobs);
  const { architecture, os } = platformOf(process.arch);
  const config: ImageConfig = {
    created: '2025-01-01T00:00:00Z',
    architecture,
    os,
    config: run,
    rootfs: { type: 'layers', diff_ids: [`sha256:${layer.diffHex}`] },
    history: [{ created: '2025-01-01T00:00:00Z', created_by: 'made from Debian packages by scripts/images' }],
  };
  const configBlob = await putJson(blobs, config, mediaTypes.ociConfig);
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: configBlob,
    layers: [layer.blob],
  };
  const manifestBlob = await putJson(blobs, manifest, mediaTypes.ociManifest);
  const index = { schemaVersion: 2, manifests: [manifestBlob] };
  await writeFile(join(layoutDir, 'index.json'), JSON.stringify(index));
  await writeFile(join(layoutDir, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
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
