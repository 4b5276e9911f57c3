// The files of an archive, written one by one under numbers: names in it are only told, never used.
import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { invalid } from '#shared/errors.ts';
import { diskFault } from '../../disk-faults.ts';
import type { Job, SpooledEntry } from '../jobs.ts';
import type { TarEntry } from '../tar/entry.ts';
import { readEntries } from '../tar/reader.ts';
import type { ByteSource } from '../tar/source.ts';
import { eachContent } from '../tar/sparse.ts';

/** Entry number n, where it is a file, is afterwards `/n` of the confinement. */
export function spoolFiles(job: Extract<Job, { kind: 'spool-files' }>, source: ByteSource): SpooledEntry[] {
  const entries: SpooledEntry[] = [];
  for (const entry of readEntries(source)) {
    const { name, type, size, linkName } = entry;
    if (entries.length >= job.maxFiles) throw invalid(`invalid archive: more than ${job.maxFiles} files`);
    const isFile = type === 'file';
    const digest = isFile ? writeFile(`/${entries.length}`, entry, source) : undefined;
    entries.push({ name, type, linkName, sizeBytes: size, digest });
  }
  source.finish();
  return entries;
}

function writeFile(path: string, entry: TarEntry, source: ByteSource): `sha256:${string}` {
  const hash = createHash('sha256');
  const fd = openSync(path, 'wx', 0o600);
  try {
    eachContent(source, entry, (piece) => {
      hash.update(piece);
      for (let at = 0; at < piece.length; ) at += writeSync(fd, piece, at, piece.length - at);
    });
  } catch (thrown) {
    throw diskFault('reading the archive', thrown);
  } finally {
    closeSync(fd);
  }
  return `sha256:${hash.digest('hex')}`;
}
