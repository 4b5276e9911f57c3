// Images over the wire.
import type { Readable } from 'node:stream';
import type { Query, Wire } from '#client/wire.ts';
import type {
  ImageDeleteEntry,
  ImageHistoryEntry,
  ImageInspect,
  ImageSummary,
  ProgressLine,
} from '#shared/contract/image.ts';

const at = (name: string, verb = '') => `/images/${name.split('/').map(encodeURIComponent).join('/')}${verb}`;

/** What a registry is to be told, as the value of `X-Registry-Auth`; absent means nothing. */
export type RegistryAuth = string | undefined;

const authHeader = (auth: RegistryAuth): Record<string, string> =>
  auth === undefined ? {} : { 'X-Registry-Auth': auth };

export class Images {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  list(query: { all?: boolean; digests?: boolean; filters?: string } = {}): Promise<ImageSummary[]> {
    return this.#wire.json('/images/json', { query });
  }

  inspect(name: string): Promise<ImageInspect> {
    return this.#wire.json(at(name, '/json'));
  }

  history(name: string): Promise<ImageHistoryEntry[]> {
    return this.#wire.json(at(name, '/history'));
  }

  /** `fromImage` is the full name without tag and digest, `tag` the tag or digest. */
  pull(
    query: { fromImage: string; tag?: string; platform?: string },
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

  push(name: string, tag: string | undefined, auth?: RegistryAuth): Promise<AsyncIterable<ProgressLine>> {
    // Engines ask for the header even where there is nothing to say.
    return this.#wire.lines(at(name, '/push'), {
      method: 'POST',
      query: { tag },
      headers: authHeader(auth ?? 'e30='),
    });
  }

  tag(name: string, repo: string, tag: string | undefined): Promise<'done' | 'unchanged'> {
    return this.#wire.done(at(name, '/tag'), { method: 'POST', query: { repo, tag } });
  }

  remove(name: string, query: { force?: boolean; noprune?: boolean } = {}): Promise<ImageDeleteEntry[]> {
    return this.#wire.json(at(name), { method: 'DELETE', query });
  }

  /** A tar of these images, in Docker's and OCI's layout. */
  async save(names: readonly string[]): Promise<Readable> {
    return (await this.#wire.send('/images/get', { query: { names } })).body;
  }

  load(tar: Readable, quiet: boolean): Promise<AsyncIterable<ProgressLine>> {
    return this.#wire.lines('/images/load', { method: 'POST', query: { quiet }, body: tar });
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

  pruneBuildCache(query: Query): Promise<{ CachesDeleted: string[] | null; SpaceReclaimed: number }> {
    return this.#wire.json('/build/prune', { method: 'POST', query });
  }
}
