// A file of an image or of a volume, as Wharf's own routes tell it.

export interface FileFacts {
  Type: 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'device';
  /** Bytes of its content; 0 of what has none. */
  Size: number;
  /** Permission bits with setuid, setgid and sticky. */
  Mode: number;
  Uid: number;
  Gid: number;
  /** RFC 3339. */
  ModTime: string;
  LinkTarget?: string;
}
