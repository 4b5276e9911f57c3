// The files of a build's steps, as Wharf's own routes tell them.

export interface ListedFile {
  name: string;
  kind: 'file' | 'directory' | 'link' | 'other';
  /** Permission bits. */
  mode: number;
  uid: number;
  gid: number;
  sizeBytes: number;
  /** RFC 3339. */
  modified: string;
  /** What a link says. */
  target?: string;
}

export interface FileDifference {
  path: string;
  kind: 'added' | 'changed' | 'deleted';
  /** As it is afterwards; of what is deleted, as it was. */
  sizeBytes: number;
}
