// Archives from clients, written into a container's root or a build's context folder.
import { createHash, type Hash } from 'node:crypto';
import { statSync } from 'node:fs';
import { invalid, notFound } from '#shared/errors.ts';
import type { ContextFile, Job } from '../jobs.ts';
import type { TarEntry } from '../tar/entry.ts';
import { readEntries } from '../tar/reader.ts';
import type { ByteSource } from '../tar/source.ts';
import { cleanName } from './entry-name.ts';
import { TreeWriter } from './tree-writer.ts';

/** Extracts over what is there, below `job.into`. Throws `not-found` where that is missing. */
export function extractTree(job: Extract<Job, { kind: 'extract-tree' }>, source: ByteSource): undefined {
  const into = statSync(job.into, { throwIfNoEntry: false });
  if (into === undefined) throw notFound(`${job.into}: no such directory`);
  if (!into.isDirectory()) throw invalid(`${job.into}: not a directory`);
  const writer = new TreeWriter({
    base: job.into.replace(/\/+$/, ''),
    noOverwriteDirNonDir: job.noOverwriteDirNonDir,
    ...(job.chown === undefined ? {} : { chown: job.chown }),
  });
  for (const entry of readEntries(source)) writer.write(entry, source);
  writer.finish();
  source.finish();
}

/** Extracts into an empty folder, root's, and records what came, by clean relative path. */
export function extractContext(source: ByteSource): Map<string, ContextFile> {
  const files = new Map<string, ContextFile>();
  let hash: Hash | undefined;
  const writer = new TreeWriter({
    base: '',
    chown: { uid: 0, gid: 0 },
    onContent: (piece) => hash?.update(piece),
  });
  for (const entry of readEntries(source)) {
    hash = entry.type === 'file' ? createHash('sha256') : undefined;
    writer.write(entry, source);
    const name = cleanName(entry.name);
    if (name !== '') files.set(name, describe(entry, hash?.digest('hex')));
  }
  writer.finish();
  source.finish();
  return files;
}

function describe(entry: TarEntry, hex: string | undefined): ContextFile {
  const { type, mode, uid, gid, size, mtime, linkName } = entry;
  const link = type === 'symlink' || type === 'link' ? linkName : undefined;
  return { type, digest: hex === undefined ? undefined : `sha256:${hex}`, mode, uid, gid, size, mtime, link };
}
