// What the build room is asked for, and what it stands on.
import type { Readable } from 'node:stream';
import type { Images } from '#engine/images/images.ts';
import type { Networks } from '#engine/networks/networks.ts';
import type { RegistryClient } from '#registry/registry.ts';
import type { ResourceLimits } from '#runtime/resources.ts';
import type { Runtime } from '#runtime/task.ts';
import type { Ulimit } from '#shared/contract/container.ts';
import type { ProgressLine } from '#shared/contract/image.ts';
import { EngineError } from '#shared/errors.ts';
import type { Digest } from '#shared/oci/digest.ts';
import type { Snapshots } from '#storage/snapshots/snapshots.ts';
import type { Leases } from '#storage/state/leases.ts';
import type { State } from '#storage/state/state.ts';

import type { BuildCall } from './record/record.ts';

/**
 * A tar stream (any compression), a directory that nobody changes during the build, the URL of a git repository, a tar
 * or a Dockerfile, or the id of a context that was offered (`contexts/context-store.ts`).
 */
export type ContextSource = Readable | { dir: string } | { remote: string } | { stored: string };

/** An image in place of files: one by name, or the only one of an OCI layout in a tar. */
export type ImageSource = { image: string } | { layout: Readable };

/** What becomes of the result: an image with its tags, or something that the client fetches. */
export type OutputKind = 'image' | 'files' | 'archive' | 'cache';

/** Cached steps of other engines: in a registry, or an OCI layout in a tar. */
export type CacheSource = { type: 'registry'; ref: string } | { type: 'local'; layout: Readable };

/** Where this build's steps go. `min`: only those that the image is made of. A local cache is fetched by the client. */
export type CacheTarget =
  | { type: 'inline' }
  | { type: 'registry'; ref: string; mode: 'min' | 'max' }
  | { type: 'local'; mode: 'min' | 'max' };

export interface RegistryAuth {
  username?: string;
  password?: string;
  identitytoken?: string;
  registrytoken?: string;
  serveraddress?: string;
}

export interface BuildRequest {
  context: ContextSource;
  /** Path in the context; default `Dockerfile`. */
  dockerfile?: string;
  /** The Dockerfile itself, where it is not a file of the context. */
  dockerfileText?: string;
  tags?: readonly string[];
  /** null: as not given. */
  buildArgs?: Readonly<Record<string, string | null>>;
  labels?: Readonly<Record<string, string>>;
  /** Stage name or index; default the last. */
  target?: string;
  /** `linux/arm64`, for every FROM that does not say; several between commas make an index. */
  platform?: string;
  noCache?: boolean;
  pull?: boolean;
  /** Of RUN: `default`, `host`, `none` or a network's name. */
  networkMode?: string;
  /** `name:address`. */
  extraHosts?: readonly string[];
  shmSizeBytes?: number;
  resources?: ResourceLimits;
  ulimits?: readonly Ulimit[];
  /** What its steps may do besides: `security.insecure`, `network.host`, `device`, `device=NAME`. */
  allow?: readonly string[];
  /** For `RUN --mount=type=secret`, by id. */
  secrets?: Readonly<Record<string, Buffer>>;
  /** For `RUN --mount=type=ssh`: the socket of an agent on this machine, by id. */
  agents?: Readonly<Record<string, string>>;
  /** Further contexts by name: files or images. They come before stages and images of that name. */
  contexts?: Readonly<Record<string, ContextSource | ImageSource>>;
  /** Default: an image. Without `image` none is recorded. */
  outputs?: readonly OutputKind[];
  cacheFrom?: readonly CacheSource[];
  cacheTo?: readonly CacheTarget[];
  /** Stages whose steps are run again, by name. */
  noCacheStages?: readonly string[];
  /** What the client gave beforehand (`openSession`): taken in, and forgotten after the build. */
  session?: string;
  /** Id of a build that failed: the steps that it did are taken as they are, even with `noCache`. */
  resume?: string;
  /** An attestation of how it was built goes into the index that the image then is; see `output/provenance.ts`. */
  provenance?: 'min' | 'max';
  /** A list of the packages in it goes there, too; see `output/materials-list.ts`. */
  sbom?: boolean;
  /** How the command line was called. */
  call?: BuildCall;
  /** Only the image's id is told. */
  quiet?: boolean;
  /** Credentials by registry address. */
  auth?: Readonly<Record<string, RegistryAuth>>;
  onLine?(line: ProgressLine): void;
  signal?: AbortSignal;
}

export interface BuildDeps {
  /** What must outlive a reboot; temporary files of builds are in `tmp/` below. */
  root: string;
  /** What must not: network namespaces, host files. */
  run: string;
  state: State;
  leases: Leases;
  snapshots: Snapshots;
  images: Images;
  networks: Networks;
  runtime: Runtime;
  registry: RegistryClient;
  /** Where devices for RUN --device are described; default: those of the CDI. */
  cdiFolders?: readonly string[];
  /** Told of what fails where nobody waits for it. */
  warn?(message: string): void;
}

export interface BuildResult {
  /** Of the image, or of what would be it where none was asked for; of several that of this machine's platform. */
  imageId: Digest;
  /** Where the build made an index. */
  index?: Digest;
}

/** A RUN whose command failed; `exitCode` is what `docker build` ends with. */
export class CommandFailed extends EngineError {
  readonly exitCode: number;

  constructor(command: string, exitCode: number) {
    super('invalid', `The command '${command}' returned a non-zero code: ${exitCode}`, {
      hint: 'wharf build shell --failed enters the step as it failed; wharf build resume goes on with it.',
    });
    this.name = 'CommandFailed';
    this.exitCode = exitCode;
  }
}
