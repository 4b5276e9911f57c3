// A layer's tar, written as a directory that overlay takes as a lower layer (OCI image-spec, layer.md).
import { lstatSync } from 'node:fs';
import { posix } from 'node:path';
import { setOpaque, whiteout } from '#kernel/overlay.ts';
import { invalid } from '#shared/errors.ts';
import type { Digest } from '#shared/oci/digest.ts';
import type { Unpacked } from '../jobs.ts';
import type { TarEntry } from '../tar/entry.ts';
import { readEntries, skipContent } from '../tar/reader.ts';
import type { ByteSource } from '../tar/source.ts';
import { withoutUmask } from './as-made.ts';
import { cleanName, quoteName } from './entry-name.ts';
import { makeParents, TreeWriter } from './tree-writer.ts';

export const whiteoutPrefix = '.wh.';
export const opaqueName = '.wh..wh..opq';
const metaPrefix = '.wh..wh.';

/** Unpacks into the root of the confinement. The digest is of every byte of the source, those after the tar too. */
export function unpackLayer(source: ByteSource, diffId?: Digest): Unpacked {
  const writer = new TreeWriter({ base: '', fresh: true });
  withoutUmask(() => {
    for (const entry of readEntries(source)) {
      const base = posix.basename(entry.name);
      if (!base.startsWith(whiteoutPrefix)) writer.write(entry, source);
      else {
        skipContent(source, entry);
        writer.guard(entry.name, () => mark(writer, entry, base));
      }
    }
    writer.finish();
  });
  const found = source.finish();
  return { diffId: diffId ?? found, sizeBytes: writer.contentBytes };
}

function mark(writer: TreeWriter, entry: TarEntry, base: string): void {
  const parent = writer.pathOf(posix.dirname(cleanName(entry.name)));
  if (base === opaqueName) {
    makeParents(`${parent}/x`);
    setOpaque(parent);
    return;
  }
  // What else storage drivers of old left behind.
  if (base.startsWith(metaPrefix)) return;
  const hidden = base.slice(whiteoutPrefix.length);
  if (hidden === '' || hidden === '.' || hidden === '..') {
    throw invalid(`entry ${quoteName(entry.name)}: a whiteout of nothing`);
  }
  hide(writer, parent === '/' ? `/${hidden}` : `${parent}/${hidden}`);
}

// A whiteout is about lower layers: what this layer itself brings under the same name stays.
function hide(writer: TreeWriter, path: string): void {
  const own = lstatSync(path, { throwIfNoEntry: false });
  if (own === undefined) writer.place(path, () => whiteout(path));
  else if (own.isDirectory()) setOpaque(path);
}
