// One Dockerfile of the corpus: what it is given, and what must come of it.
import type { ImageRunConfig } from '#shared/oci/specs.ts';

/** Builders that the corpus is put beside: dockerd's old one, and the BuildKit in it. */
export type Peer = 'classic' | 'buildkit';

export interface CorpusCase {
  name: string;
  dockerfile: string;
  /** The context; `@` begins a link, a slash at the end is a directory. */
  files?: Record<string, string>;
  /** Named contexts, each a folder of files. */
  contexts?: Record<string, Record<string, string>>;
  buildArgs?: Record<string, string>;
  labels?: Record<string, string>;
  target?: string;
  platform?: string;
  allow?: string[];
  secrets?: Record<string, string>;
  /** Path to `type mode uid:gid link`; null: not there. */
  tree?: Record<string, string | null>;
  /** Path to what is in it. */
  text?: Record<string, string>;
  config?: Partial<ImageRunConfig>;
  /** Fields of the image besides its config. */
  image?: { author?: string; architecture?: string };
  /** What its lines of history say, but for those of the base image. */
  history?: string[];
  /** A part of what the build tells. */
  output?: string;
  /** A part of the error or of its hint. */
  error?: string;
  /** Builders that cannot do it or do it otherwise, each with the reason. */
  unlike?: Partial<Record<Peer, string>>;
}

/** What every image has that does not set it. */
export const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
