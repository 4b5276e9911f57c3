// One Dockerfile of the corpus: what it is given, and what must come of it.
import type { ImageRunConfig } from '#shared/oci/specs.ts';

export interface CorpusCase {
  name: string;
  dockerfile: string;
  /** The context; `@` begins a link, a slash at the end is a directory. */
  files?: Record<string, string>;
  /** Named contexts, each a folder of files. */
  contexts?: Record<string, Record<string, string>>;
  buildArgs?: Record<string, string>;
  target?: string;
  allow?: string[];
  secrets?: Record<string, string>;
  /** Path to `type mode uid:gid link`; null: not there. */
  tree?: Record<string, string | null>;
  config?: Partial<ImageRunConfig>;
  /** A part of what the build tells. */
  output?: string;
  /** A part of the error or of its hint. */
  error?: string;
}
