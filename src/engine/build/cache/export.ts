// The steps of a build brought out for other engines: into a registry, a folder of the client, or the image itself.
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { invalid } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { parseReference } from '#shared/oci/reference.ts';
import { type Descriptor, type Manifest, mediaTypes } from '#shared/oci/specs.ts';
import { packLayer } from '#storage/archive/archive.ts';
import { authFor } from '../base-image.ts';
import { type Plan, titleOf } from '../plan.ts';
import type { BuildSession } from '../session.ts';
import { cacheConfigType, encodeSteps, type PortableStep } from './portable.ts';

interface Planned {
  plan: Plan;
  label?: string;
}

/** Titles of the stages that the target is built on, itself among them. */
function stagesOf({ plan, label }: Planned): string[] {
  const names = new Set<string>();
  for (let index: number | undefined = plan.target; index !== undefined; ) {
    const vertex = plan.vertices.find(({ stage }) => stage.index === index);
    if (vertex === undefined) break;
    names.add(titleOf(vertex.stage, label));
    index = vertex.base.kind === 'stage' ? vertex.base.index : undefined;
  }
  return [...names];
}

/** What the build did, or took, step by step; `min`: only what the image itself is made of. */
export function stepsOfBuild(
  session: BuildSession,
  plans: readonly Planned[],
  mode: 'min' | 'max',
): PortableStep[] {
  const { cache } = session.room;
  const wanted = mode === 'max' ? undefined : new Set(plans.flatMap(stagesOf));
  const steps = new Map<string, PortableStep>();
  for (const { key, stage } of session.tracing.detail().steps) {
    const record = cache.record(key);
    if (record === undefined || wanted?.has(stage) === false) continue;
    const { instruction, created, layer } = record;
    const on = cache.preimage(key)?.on ?? null;
    const portable = layer === null ? null : { diffId: layer.diffId, on, sizeBytes: layer.sizeBytes };
    steps.set(key, { key, instruction, created, layer: portable });
  }
  return [...steps.values()];
}

interface Packed {
  descriptor: Descriptor;
  path: string;
}

/** A layer as a blob in a file of the build. */
async function pack(session: BuildSession, key: string, diffId: Digest): Promise<Packed> {
  const { cache, snapshots } = session.room;
  const chainId = cache.record(key)?.layer?.chainId;
  if (chainId === undefined) throw invalid(`step ${key} has no layer any more`);
  const dir = join(session.folder(), 'cache-blobs');
  makeFolders(mkdirSync, dir);
  const path = join(dir, diffId.slice(7));
  const { dir: files } = snapshots.layer(chainId);
  const packed = await packLayer({ dir: files, output: path, compress: 'gzip', signal: session.signal });
  if (packed.diffId !== diffId) throw invalid(`layer ${diffId} has changed on disk`);
  const { digest, sizeBytes: size } = packed;
  return { descriptor: { mediaType: mediaTypes.ociLayerGzip, digest, size }, path };
}

/** Takes blobs one after the other, then the manifest that names them. */
interface Place {
  has(blob: Descriptor): Promise<boolean>;
  put(blob: Packed): Promise<void>;
  putBytes(blob: Descriptor, bytes: Buffer): Promise<void>;
  putManifest(bytes: Buffer, descriptor: Descriptor): Promise<void>;
}

const digestOf = (bytes: Buffer): Digest => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function write(session: BuildSession, steps: readonly PortableStep[], place: Place): Promise<void> {
  const blobs = new Map<Digest, Descriptor>();
  const described: PortableStep[] = [];
  for (const step of steps) {
    const { layer } = step;
    if (layer === null) {
      described.push(step);
      continue;
    }
    let blob = blobs.get(layer.diffId);
    if (blob === undefined) {
      const packed = await pack(session, step.key, layer.diffId);
      blob = packed.descriptor;
      if (!(await place.has(blob))) await place.put(packed);
      rmSync(packed.path, { force: true });
      blobs.set(layer.diffId, blob);
    }
    described.push({ ...step, layer: { ...layer, blob } });
  }
  const bytes = encodeSteps(described);
  const config = { mediaType: cacheConfigType, digest: digestOf(bytes), size: bytes.length };
  await place.putBytes(config, bytes);
  const { ociManifest: mediaType } = mediaTypes;
  const manifest: Manifest = { schemaVersion: 2, mediaType, config, layers: [...blobs.values()] };
  const manifestBytes = Buffer.from(JSON.stringify(manifest));
  await place.putManifest(manifestBytes, {
    mediaType,
    digest: digestOf(manifestBytes),
    size: manifestBytes.length,
  });
}

/** Afterwards the registry has the steps under this name. */
export async function exportToRegistry(
  session: BuildSession,
  steps: readonly PortableStep[],
  reference: string,
): Promise<void> {
  const ref = parseReference(reference);
  const { registry } = session.room;
  const auth = authFor(session, reference);
  const options = { signal: session.signal, ...(auth === undefined ? {} : { auth }) };
  const putBytes = async (descriptor: Descriptor, bytes: Buffer): Promise<void> => {
    if (await registry.hasBlob(ref, descriptor.digest, options)) return;
    await registry.uploadBlob(
      ref,
      { descriptor, open: (start) => Readable.from([bytes.subarray(start)]) },
      options,
    );
  };
  await write(session, steps, {
    has: (blob) => registry.hasBlob(ref, blob.digest, options),
    put: ({ descriptor, path }) =>
      registry.uploadBlob(
        ref,
        { descriptor, open: (start) => createReadStream(path, { start, highWaterMark: 1 << 18 }) },
        options,
      ),
    putBytes,
    putManifest: (bytes, { mediaType }) =>
      registry.putManifest(ref, { target: ref.tag ?? 'latest', mediaType, bytes }, options),
  });
}

/** Afterwards `dir` is an OCI image layout with one manifest. */
export async function exportToLayout(
  session: BuildSession,
  steps: readonly PortableStep[],
  dir: string,
): Promise<void> {
  const blobs = join(dir, 'blobs', 'sha256');
  makeFolders(mkdirSync, blobs, 0o700);
  const pathOf = ({ digest }: Descriptor): string => join(blobs, digest.slice(7));
  await write(session, steps, {
    has: async () => false,
    put: ({ descriptor, path }) => rename(path, pathOf(descriptor)),
    putBytes: async (descriptor, bytes) => writeFileSync(pathOf(descriptor), bytes),
    putManifest: async (bytes, descriptor) => {
      writeFileSync(pathOf(descriptor), bytes);
      const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [descriptor] };
      writeFileSync(join(dir, 'index.json'), JSON.stringify(index));
      writeFileSync(join(dir, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    },
  });
}
