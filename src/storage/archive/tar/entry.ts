// One member of a tar archive, as both the reader and the writer know it.

export type EntryType = 'file' | 'directory' | 'symlink' | 'link' | 'character' | 'block' | 'fifo';

export interface TarEntry {
  /** As in the archive: relative, absolute or worse. */
  name: string;
  type: EntryType;
  /** Permission bits with setuid, setgid and sticky. */
  mode: number;
  uid: number;
  gid: number;
  /** Bytes of content; 0 for all but files. */
  size: number;
  /** Of a file with holes: what of it follows, in order; all of it where this is absent. */
  runs?: readonly Run[];
  /** Seconds since 1970, may have a fraction. */
  mtime: number;
  /** Target of a link; empty otherwise. */
  linkName: string;
  major: number;
  minor: number;
  xattrs: Map<string, Buffer> | undefined;
}

/** A part of a file. */
export interface Run {
  at: number;
  bytes: number;
}

export const blockBytes = 512;

/** How many bytes pad content of `size` bytes to whole blocks. */
export function paddingOf(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes;
}

export const typeFlags: Record<EntryType, string> = {
  file: '0',
  link: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

export const xattrPrefix = 'SCHILY.xattr.';
