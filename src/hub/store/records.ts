// What the Hub remembers besides blobs: repositories, tags, manifests, links to blobs, referrers and uploads.
import type { BlobDigest } from '#shared/oci/digest.ts';
import type { Collection } from '#storage/state/collection.ts';
import type { State } from '#storage/state/state.ts';

export interface RepositoryRecord {
  createdAtMs: number;
  updatedAtMs: number;
  /** From the annotation `org.opencontainers.image.description` of the manifest pushed last. */
  description?: string;
}

export interface TagRecord {
  digest: BlobDigest;
  atMs: number;
  /** Pull-through only: when the other registry was last asked. */
  checkedAtMs?: number;
}

export interface ManifestRecord {
  mediaType: string;
  sizeBytes: number;
  atMs: number;
  /** Config and layers. */
  blobs: BlobDigest[];
  /** Manifests of an index. */
  children: BlobDigest[];
  subject?: BlobDigest;
}

/** A repository may give out a blob because it was pushed or mounted there. */
export interface LinkRecord {
  sizeBytes: number;
  /** When it was linked, or last asked for by a client that is about to push. */
  atMs: number;
}

/** A descriptor as the referrers API lists it. */
export interface ReferrerRecord {
  mediaType: string;
  digest: BlobDigest;
  size: number;
  artifactType?: string;
  annotations?: Record<string, string>;
}

export interface UploadRecord {
  repository: string;
  atMs: number;
}

/** Typed collections over the state: those of a repository have its name in theirs, so that a list reads only its own. */
export class Records {
  readonly state: State;
  readonly repositories: Collection<RepositoryRecord>;
  readonly uploads: Collection<UploadRecord>;

  constructor(state: State) {
    this.state = state;
    this.repositories = state.collection('hub.repositories');
    this.uploads = state.collection('hub.uploads');
  }

  tags(repository: string): Collection<TagRecord> {
    return this.state.collection(`hub.tags ${repository}`);
  }

  manifests(repository: string): Collection<ManifestRecord> {
    return this.state.collection(`hub.manifests ${repository}`);
  }

  links(repository: string): Collection<LinkRecord> {
    return this.state.collection(`hub.links ${repository}`);
  }

  referrers(repository: string, subject: BlobDigest): Collection<ReferrerRecord> {
    return this.state.collection(`hub.referrers ${repository}@${subject}`);
  }
}
