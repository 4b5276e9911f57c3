// One blob on its way to a registry: not sent where it is there, mounted where a neighbour has it, else uploaded.
import { createReadStream } from 'node:fs';
import type { RegistryAuth } from '#registry/auth.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { parseReference, type Reference } from '#shared/oci/reference.ts';
import type { Descriptor } from '#shared/oci/specs.ts';
import type { ImageRoom } from '../room.ts';
import type { Progress } from './progress.ts';

export interface UploadTurn {
  ref: Reference;
  auth?: RegistryAuth | undefined;
  signal?: AbortSignal | undefined;
  progress: Progress;
}

export interface UploadedFile {
  descriptor: Pick<Descriptor, 'digest' | 'size'>;
  path: string;
  /** What its progress is shown under; nothing is shown without. */
  id?: string;
}

/** Afterwards the repository has the blob. */
export async function uploadFile(room: ImageRoom, turn: UploadTurn, file: UploadedFile): Promise<void> {
  const { ref, auth, signal, progress } = turn;
  const { descriptor, path, id } = file;
  const step = (status: string): void => {
    if (id !== undefined) progress.step(id, status);
  };
  if (await room.registry.hasBlob(ref, descriptor.digest, { auth, signal })) {
    step('Layer already exists');
    return;
  }
  const from = otherRepository(room, turn, descriptor.digest);
  if (from !== undefined && (await room.registry.mountBlob(ref, descriptor.digest, { from, auth, signal }))) {
    step(`Mounted from ${from}`);
    return;
  }
  const open = (start: number) => {
    const stream = createReadStream(path, { start, highWaterMark: 1 << 18 });
    let current = start;
    const total = descriptor.size;
    if (id !== undefined) {
      stream.on('data', (chunk) => {
        current += chunk.length;
        progress.counted(id, 'Pushing', { current, total });
      });
    }
    return stream;
  };
  await room.registry.uploadBlob(ref, { descriptor, open }, { auth, signal });
  step('Pushed');
}

/** Another repository of the same registry that is known to have an image with this layer. */
function otherRepository({ store }: ImageRoom, { ref }: UploadTurn, layer: Digest): string | undefined {
  const others = store
    .all()
    .filter(
      ({ layers, indexes = [] }) =>
        layers.some(({ digest }) => digest === layer) || indexes.some(({ blobs }) => blobs.includes(layer)),
    )
    .flatMap((image) => image.repoDigests.map(parseReference));
  return others.find((one) => one.registry === ref.registry && one.repository !== ref.repository)?.repository;
}
