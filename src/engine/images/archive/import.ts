// Import: a tar of a root file system becomes an image of one layer.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { invalid } from '#shared/errors.ts';
import { nowRfc3339Nano } from '#shared/notation/time.ts';
import { hostPlatform, parsePlatform } from '#shared/oci/platform.ts';
import { parseReference } from '#shared/oci/reference.ts';
import { type ImageConfig, mediaTypes } from '#shared/oci/specs.ts';
import { addImage, imageIdOf } from '../add.ts';
import { Attempt } from '../garbage.ts';
import type { ImageRecord } from '../record.ts';
import type { ImageRoom } from '../room.ts';
import { announce } from '../tag.ts';
import { ensureLayers } from '../transfer/layers.ts';
import { applyChanges } from './changes.ts';
import { adopt, decompressed, type SpooledFile } from './spool.ts';

export interface ImportRequest {
  /** The name for the image; absent: none. */
  reference?: string | undefined;
  message?: string | undefined;
  changes?: readonly string[] | undefined;
  platform?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** The tar may be plain, gzip or zstd. Afterwards the image is there. */
export async function importImage(
  room: ImageRoom,
  stream: Readable,
  request: ImportRequest,
): Promise<ImageRecord> {
  const { signal } = request;
  const names = request.reference ? [parseReference(request.reference)] : [];
  const config = configOf(request);
  const scratch = await mkdtemp(join(room.scratchDir, 'wharf-import-'));
  try {
    await using attempt = new Attempt(room);
    const file = await spoolPlain(stream, join(scratch, 'layer.tar'), signal);
    await adopt(file, { content: room.content, attempt, scratch });
    config.rootfs.diff_ids = [file.digest];
    const source = { digest: file.digest, mediaType: mediaTypes.ociLayer };
    const fetch = async (): Promise<void> => {};
    await ensureLayers(room, { diffIds: [file.digest], sources: [source], attempt, fetch, signal });
    const configBytes = Buffer.from(JSON.stringify(config));
    attempt.hold('blob', imageIdOf(configBytes));
    const layers = [{ ...source, diffId: file.digest }];
    const { record } = await addImage(room, { configBytes, config, layers, names });
    announce(room, 'import', record, record.tags[0] ?? record.id);
    return record;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function configOf({ message, changes, platform }: ImportRequest): ImageConfig {
  const { os, architecture, variant } = platform ? parsePlatform(platform) : hostPlatform();
  const created = nowRfc3339Nano();
  return {
    created,
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    config: applyChanges({}, changes ?? []),
    rootfs: { type: 'layers', diff_ids: [] },
    history: [{ created, comment: message || 'Imported from -' }],
  };
}

async function spoolPlain(stream: Readable, path: string, signal?: AbortSignal): Promise<SpooledFile> {
  const plain = await decompressed(stream);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  plain.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    sizeBytes += chunk.length;
  });
  try {
    await pipeline(plain, createWriteStream(path), signal === undefined ? {} : { signal });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw invalid('the archive to import is torn', { cause });
  }
  if (sizeBytes === 0) throw invalid('the archive to import is empty');
  return { digest: `sha256:${hash.digest('hex')}`, sizeBytes, path };
}
