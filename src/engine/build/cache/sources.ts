// Where cached steps come from: a registry, or an OCI layout that the client sent.
import { createHash } from 'node:crypto';
import { createWriteStream, readFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { invalid } from '#shared/errors.ts';
import { hostPlatform } from '#shared/oci/platform.ts';
import { parseReference } from '#shared/oci/reference.ts';
import { type Descriptor, type Index, type Manifest, mediaTypes } from '#shared/oci/specs.ts';
import { authFor } from '../base-image.ts';
import { openTree } from '../context.ts';
import type { CacheSource } from '../request.ts';
import type { BuildSession } from '../session.ts';
import { sliceHead, sliceStream } from '../tree/slice.ts';
import { filesIn } from '../tree/source-tree.ts';
import { cacheConfigType, decodeSteps, inlineSteps, type PortableStep } from './portable.ts';

/** Cached steps, and a way to their layers. */
export interface OpenedCache {
  steps: PortableStep[];
  /** Writes the blob to a new file. The bytes are not yet verified. */
  fetch(blob: Descriptor, path: string): Promise<void>;
}

const mostConfigBytes = 64 * 2 ** 20;

export async function openCacheSource(session: BuildSession, source: CacheSource): Promise<OpenedCache> {
  return source.type === 'registry'
    ? await openRegistryCache(session, source.ref)
    : await openLayoutCache(session, source);
}

/** A sink for a small blob; what does not fit the digest throws `invalid`. */
function memorySink(): {
  offset: number;
  write(chunk: Buffer): Promise<void>;
  bytes(blob: Descriptor): Buffer;
} {
  const chunks: Buffer[] = [];
  return {
    offset: 0,
    async write(chunk) {
      chunks.push(chunk);
      this.offset += chunk.length;
    },
    bytes({ digest }) {
      const bytes = Buffer.concat(chunks);
      if (`sha256:${createHash('sha256').update(bytes).digest('hex')}` !== digest)
        throw invalid(`what came for ${digest} is something else`);
      return bytes;
    },
  };
}

async function openRegistryCache(session: BuildSession, reference: string): Promise<OpenedCache> {
  const ref = parseReference(reference);
  const { registry } = session.room;
  const auth = authFor(session, reference);
  const options = { signal: session.signal, ...(auth === undefined ? {} : { auth }) };
  const { manifest } = await registry.resolve(ref, hostPlatform(), options);
  if (manifest.config.size > mostConfigBytes) throw invalid(`${reference}: its configuration is too large`);
  const sink = memorySink();
  await registry.blob(ref, manifest.config, { ...options, sink });
  const steps = stepsOf(manifest, sink.bytes(manifest.config));
  const fetch = async (blob: Descriptor, path: string): Promise<void> => {
    const file = createWriteStream(path, { mode: 0o600 });
    const into = {
      offset: 0,
      async write(chunk: Buffer) {
        await new Promise<void>((resolve, reject) =>
          file.write(chunk, (thrown) => (thrown ? reject(thrown) : resolve())),
        );
        this.offset += chunk.length;
      },
    };
    try {
      await registry.blob(ref, blob, { ...options, sink: into });
    } finally {
      await new Promise<void>((resolve) => file.end(() => resolve()));
    }
  };
  return { steps, fetch };
}

function stepsOf(manifest: Manifest, config: Buffer): PortableStep[] {
  return manifest.config.mediaType === cacheConfigType ? decodeSteps(config) : inlineSteps(config, manifest);
}

async function openLayoutCache(
  session: BuildSession,
  { layout }: CacheSource & { type: 'local' },
): Promise<OpenedCache> {
  const tree = await openTree(session, layout);
  const files = filesIn(tree);
  const pathOf = ({ digest }: Descriptor): string => {
    const path = `blobs/${digest.replace(':', '/')}`;
    if (!files.look(path)?.isFile()) throw invalid(`the build cache lacks ${digest}`);
    return path;
  };
  const read = (path: string): Buffer => {
    const content = files.content(path);
    return typeof content === 'string' ? readFileSync(content) : sliceHead(content, content.size);
  };
  if (!files.look('index.json')?.isFile()) throw invalid('the build cache has no index.json');
  const index: Index = JSON.parse(read('index.json').toString('utf8'));
  const first = index.manifests.find(({ mediaType }) => mediaType === mediaTypes.ociManifest);
  if (first === undefined) throw invalid('the build cache has no manifest');
  const manifest: Manifest = JSON.parse(read(pathOf(first)).toString('utf8'));
  const fetch = async (blob: Descriptor, path: string): Promise<void> => {
    const content = files.content(pathOf(blob));
    if (typeof content === 'string') throw invalid('the build cache is not a sent one');
    await pipeline(sliceStream(content), createWriteStream(path, { mode: 0o600 }), {
      signal: session.signal,
    });
  };
  return { steps: stepsOf(manifest, read(pathOf(manifest.config))), fetch };
}
