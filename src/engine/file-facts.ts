// What is told of a file, whether an image or a volume has it.
import type { Stats } from 'node:fs';
import type { FileFacts } from '#shared/contract/file.ts';

export function factsOf(stat: Stats, linkTarget?: string): FileFacts {
  return {
    Type: typeOf(stat),
    Size: stat.isFile() ? stat.size : 0,
    Mode: stat.mode & 0o7777,
    Uid: stat.uid,
    Gid: stat.gid,
    ModTime: stat.mtime.toISOString(),
    ...(linkTarget === undefined ? {} : { LinkTarget: linkTarget }),
  };
}

export function typeOf(stat: Stats): FileFacts['Type'] {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isFIFO()) return 'fifo';
  return stat.isSocket() ? 'socket' : 'device';
}
