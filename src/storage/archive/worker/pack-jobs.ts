// Packing: a layer from an overlay's upper directory, a part of a container's tree for a client.
import { lstatSync, readlinkSync, realpathSync, type Stats, statSync } from 'node:fs';
import { posix } from 'node:path';
import { codeOf, notFound } from '#shared/errors.ts';
import type { Job, Packed, TreeStat } from '../jobs.ts';
import { TarSink } from '../tar/sink.ts';
import { TreePacker } from './tree-packer.ts';

/** Packs the directory `dir` ('' = the root of the confinement): the same content gives the same bytes. */
export function packLayer(dir: string, fd: number | null, onEntry: () => void): Packed {
  const sink = new TarSink(fd, { hashed: true });
  const packer = new TreePacker(sink, { asLayer: true, onEntry });
  packer.children(dir === '' ? '/.' : dir, '');
  packer.finish();
  return { diffId: sink.digest(), tarBytes: sink.totalBytes, sizeBytes: packer.contentBytes };
}

/** Packs what is at `job.path`, under the name `job.rebase`, or its own. */
export function packTree(job: Extract<Job, { kind: 'pack-tree' }>, onEntry: () => void): undefined {
  const stat = statOf(job);
  const path = job.followLinks ? realpathSync(job.path) : job.path;
  const name = job.rebase ?? nameOf(job.path);
  const packer = new TreePacker(new TarSink(job.fd, { hashed: false }), {
    asLayer: false,
    keepHoles: job.keepHoles === true,
    onEntry,
  });
  if (!stat.isDirectory()) packer.entry(path, name || 'root');
  else if (job.rebase === '') packer.children(path, '');
  else packer.directory(path, `${name || '.'}/`);
  packer.finish();
}

/** What is at `job.path`; throws `not-found`. */
export function statTree(job: Extract<Job, { kind: 'stat-tree' }>): TreeStat {
  const stat = statOf(job);
  const { size, mode, mtimeMs } = stat;
  const linkTarget = stat.isSymbolicLink() ? readlinkSync(job.path) : '';
  return { name: nameOf(job.path) || '/', size, mode, mtimeMs, linkTarget };
}

const nameOf = (path: string): string => posix.basename(posix.normalize(path));

function statOf({ path, followLinks }: { path: string; followLinks: boolean }): Stats {
  try {
    return followLinks ? statSync(path) : lstatSync(path);
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'ELOOP') throw thrown;
    throw notFound(`${path}: no such file or directory`, { cause: thrown });
  }
}
