// Images over the wire.
import type { Readable } from 'node:stream';
import type { Query, Wire } from '#client/wire.ts';
import type {
  ImageDeleteEntry,
  ImageDifference,
  ImageFile,
  ImageHistoryEntry,
  ImageInspect,
  ImageLayerReport,
  ImageSummary,
  ProgressLine,
} from '#shared/contract/image.ts';

export interface SearchResult {
  name: string;
  description: string;
  star_count: number;
  is_official: boolean;
  is_automated?: boolean;
}

export interface ImageReferrer {
  digest: string;
  mediaType: string;
  size: number;
  artifactType?: string;
  annotations?: Record<string, string>;
}

const at = (name: string, verb = '') => `/images/${name.split('/').map(encodeURIComponent).join('/')}${verb}`;

/** What a registry is to be told, as the value of `X-Registry-Auth`; absent means nothing. */
export type RegistryAuth = string | undefined;

const authHeader = (auth: RegistryAuth): Record<string, string> =>
  auth === undefined ? {} : { 'X-Registry-Auth': auth };

/** What `POST /build/session` takes. */
export interface BuildSessionRequest {
  secrets: Record<string, string>;
  agents: Record<string, string>;
  contexts: Record<string, string>;
  /** Ids of contexts that were offered, by the names that the Dockerfile has for them. */
  folders?: Record<string, string>;
  allow: readonly string[];
  noCacheStages: readonly string[];
  /** Default: an image. */
  outputs?: readonly string[];
  cacheFrom?: readonly string[];
  cacheTo?: readonly { type: string; ref?: string; mode: string }[];
}

/** One build, step by step. */
export interface BuildWhy {
  build: string;
  started: string;
  steps: {
    stage: string;
    position: number;
    line: number;
    text: string;
    cached: boolean;
    cause?: string;
    startMs: number;
    endMs: number;
  }[];
}

export class Images {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  list(query: { all?: boolean; digests?: boolean; filters?: string } = {}): Promise<ImageSummary[]> {
    return this.#wire.json('/images/json', { query });
  }

  /** `platform` as JSON, where an image has several. */
  inspect(name: string, platform?: string): Promise<ImageInspect> {
    return this.#wire.json(at(name, '/json'), { query: { platform } });
  }

  history(name: string, platform?: string): Promise<ImageHistoryEntry[]> {
    return this.#wire.json(at(name, '/history'), { query: { platform } });
  }

  /** The lowest first. */
  layers(name: string): Promise<ImageLayerReport[]> {
    return this.#wire.json(at(name, '/layers'));
  }

  files(name: string, path?: string): Promise<ImageFile[]> {
    return this.#wire.json(at(name, '/files'), { query: { path } });
  }

  /** From `name` to `to`. */
  diff(name: string, to: string): Promise<ImageDifference[]> {
    return this.#wire.json(at(name, '/diff'), { query: { to } });
  }

  /** A page of a repository's tags; `Next` is the `last` of the page after it, '' on the last one. */
  tags(
    repository: string,
    query: { n?: number; last?: string },
    auth?: RegistryAuth,
  ): Promise<{ Name: string; Tags: string[]; Next: string }> {
    const path = at(repository, '/tags').replace('/images/', '/distribution/');
    return this.#wire.json(path, { query, headers: authHeader(auth) });
  }

  /** What refers to an image in its registry. */
  referrers(name: string, auth?: RegistryAuth): Promise<ImageReferrer[]> {
    const path = at(name, '/referrers').replace('/images/', '/distribution/');
    return this.#wire.json(path, { headers: authHeader(auth) });
  }

  /** What registries have under a word. */
  async search(query: { term: string; limit?: number; filters?: string }): Promise<SearchResult[]> {
    return (await this.#wire.json<SearchResult[] | null>('/images/search', { query })) ?? [];
  }

  /** `fromImage` is the full name without tag and digest, `tag` the tag or digest. */
  pull(
    query: { fromImage: string; tag?: string; platform?: string; allPlatforms?: boolean },
    auth?: RegistryAuth,
    signal?: AbortSignal,
  ): Promise<AsyncIterable<ProgressLine>> {
    return this.#wire.lines('/images/create', {
      method: 'POST',
      query,
      headers: authHeader(auth),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  push(
    name: string,
    query: { tag: string | undefined; platform?: string | undefined },
    auth?: RegistryAuth,
  ): Promise<AsyncIterable<ProgressLine>> {
    // Engines ask for the header even where there is nothing to say.
    return this.#wire.lines(at(name, '/push'), {
      method: 'POST',
      query,
      headers: authHeader(auth ?? 'e30='),
    });
  }

  tag(name: string, repo: string, tag: string | undefined): Promise<'done' | 'unchanged'> {
    return this.#wire.done(at(name, '/tag'), { method: 'POST', query: { repo, tag } });
  }

  remove(
    name: string,
    query: {
      force?: boolean;
      noprune?: boolean;
      platforms?: string | undefined;
      trash?: string | undefined;
    } = {},
  ): Promise<ImageDeleteEntry[]> {
    return this.#wire.json(at(name), { method: 'DELETE', query });
  }

  /** A tar of these images, in Docker's and OCI's layout. */
  async save(names: readonly string[], platform?: string): Promise<Readable> {
    return (await this.#wire.send('/images/get', { query: { names, platform } })).body;
  }

  load(
    tar: Readable,
    query: { quiet: boolean; platform?: string | undefined },
  ): Promise<AsyncIterable<ProgressLine>> {
    return this.#wire.lines('/images/load', { method: 'POST', query, body: tar });
  }

  /** `body` is the tar where `fromSrc` is `-`. */
  import(query: Query, body: Readable | undefined): Promise<AsyncIterable<ProgressLine>> {
    return this.#wire.lines('/images/create', {
      method: 'POST',
      query,
      ...(body === undefined ? {} : { body }),
    });
  }

  prune(filters?: string): Promise<{ ImagesDeleted: ImageDeleteEntry[] | null; SpaceReclaimed: number }> {
    return this.#wire.json('/images/prune', { method: 'POST', query: { filters } });
  }

  /** Builds from a tar of the context; `registryConfig` is the value of `X-Registry-Config`. */
  build(
    query: Query,
    context: Readable | undefined,
    options: { registryConfig?: string; signal?: AbortSignal } = {},
  ): Promise<AsyncIterable<ProgressLine>> {
    return this.#wire.lines('/build', {
      method: 'POST',
      query,
      headers: options.registryConfig === undefined ? {} : { 'X-Registry-Config': options.registryConfig },
      ...(context === undefined ? {} : { body: context }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  }

  /** Gives what one build needs besides its context; the id is its `session`. Secrets are in base64. */
  async buildSession(given: BuildSessionRequest): Promise<string> {
    const { id } = await this.#wire.json<{ id: string }>('/build/session', { method: 'POST', json: given });
    return id;
  }

  /** Sends the tar of a named context: files, an OCI layout with one image, or one of cached steps. */
  async sendBuildContext(
    session: string,
    { name, kind }: { name: string; kind: 'files' | 'image' | 'cache' },
    tar: Readable,
  ): Promise<void> {
    await this.#wire.done(`/build/session/${session}/context`, {
      method: 'POST',
      query: { name, kind },
      body: tar,
    });
  }

  /** What the build of that session made, as a tar. */
  async buildOutput(session: string, kind: 'files' | 'archive' | 'cache'): Promise<Readable> {
    return (await this.#wire.send(`/build/session/${session}/output`, { query: { kind } })).body;
  }

  /** Everything is fetched. */
  async endBuildSession(session: string): Promise<void> {
    await this.#wire.done(`/build/session/${session}`, { method: 'DELETE' });
  }

  /** What the last build of a tag (default: of all) did, and why. */
  async buildWhy(build?: string): Promise<BuildWhy> {
    return await this.#wire.json('/build/why', { query: { build } });
  }

  pruneBuildCache(query: Query): Promise<{ CachesDeleted: string[] | null; SpaceReclaimed: number }> {
    return this.#wire.json('/build/prune', { method: 'POST', query });
  }
}
