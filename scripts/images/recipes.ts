// The base images that Wharf's demo and tests stand on where Docker Hub does not answer: each made from Debian's packages.
import type { ImageRunConfig } from '#shared/oci/specs.ts';

export interface Recipe {
  /** Familiar name, as in a Dockerfile's FROM. */
  name: string;
  /** Counted up when the way it is made changes, so that caches make it anew. */
  revision?: number;
  /** Packages beyond Debian's minimal set; null: a root of busybox alone. */
  packages: string[] | null;
  /** Shell lines run inside the root once the packages are in. */
  finish: string[];
  config: ImageRunConfig;
  /** Further tags of the same image. */
  tags?: string[];
  /** Debian suite; bookworm unless told. */
  suite?: string;
  /** Path patterns that are left out when packages are unpacked. */
  exclude?: string[];
  /** What is in /run stays: folders for the sockets of a service. */
  keepsRun?: boolean;
  /** Folder below `seeds/` whose files are the second layer of the image. */
  files?: string;
}

export const searchPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Made for every test run and demo. */
export const recipes: Recipe[] = [
  {
    name: 'busybox:latest',
    revision: 2,
    packages: null,
    finish: [],
    config: { Env: [searchPath], Cmd: ['sh'] },
  },
  { name: 'debian:bookworm-slim', packages: [], finish: [], config: { Env: [searchPath], Cmd: ['bash'] } },
  {
    name: 'python:3.11-slim',
    packages: ['python3', 'python3-pip', 'ca-certificates', 'netbase', 'tzdata'],
    finish: [
      // As in the official image, the Python of this image is the application's own: pip may install into it.
      'rm -f /usr/lib/python3*/EXTERNALLY-MANAGED',
      'ln -sf /usr/bin/python3 /usr/local/bin/python',
      'ln -sf /usr/bin/python3 /usr/local/bin/python3',
    ],
    config: {
      Env: [searchPath, 'LANG=C.UTF-8', 'PYTHON_VERSION=3.11'],
      Cmd: ['python3'],
      // pip reads its settings from the environment; declared here, an index can be passed with --build-arg.
      OnBuild: ['ARG PIP_INDEX_URL', 'ARG PIP_TRUSTED_HOST'],
    },
  },
];
