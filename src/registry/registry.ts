// The door of the room: a client for every registry, with mirrors, credentials, retries (OCI distribution-spec 1.1).
import type { Readable } from 'node:stream';
import { EngineError, messageOf } from '#shared/errors.ts';
import { type Digest, isDigest } from '#shared/oci/digest.ts';
import { familiarReference, familiarRepository, type Reference } from '#shared/oci/reference.ts';
import type { Descriptor, Manifest, Platform } from '#shared/oci/specs.ts';
import type { RegistryAuth } from './auth.ts';
import { type BlobSink, download, rangeFrom } from './download.ts';
import { downloadElsewhere, liesElsewhere } from './elsewhere.ts';
import { type Endpoint, type EndpointOptions, endpointsOf } from './endpoints.ts';
import { loginFailure, pullFailure, RegistryFailure } from './failures.ts';
import { findReferrers, listTags, type Referrer, type TagPage } from './lists.ts';
import { type FetchedManifest, fetchManifest } from './manifests.ts';
import { chooseManifest } from './nested.ts';
import { defaultRetry, type RetryPolicy, withRetry } from './retry.ts';
import { Schemes } from './schemes.ts';
import { ask, type Wire } from './session.ts';
import { TokenStore } from './tokens.ts';
import { openTransport, type TransportOptions } from './transport.ts';
import { hasBlob, mountBlob, putManifest, type UploadPlace, uploadBlob } from './upload.ts';

export interface RegistryOptions
  extends Partial<EndpointOptions>,
    Omit<Partial<TransportOptions>, 'insecure'> {
  /** Silence on a connection after which it counts as broken; 30 s unless told. */
  idleTimeoutMs?: number;
  retry?: Partial<RetryPolicy>;
}

export interface CallOptions {
  auth?: RegistryAuth | undefined;
  signal?: AbortSignal | undefined;
}

export interface BlobOptions extends CallOptions {
  onBytes?: (receivedBytes: number) => void;
  /** Hosts that gave wrong bytes: they are asked after the others. */
  doubted?: ReadonlySet<string>;
}

/** An image as a registry has it, for one platform. Every byte of it was verified. */
export interface ResolvedImage {
  /** Digest of what the reference names: the index where there is one. */
  digest: Digest;
  manifest: Manifest;
  /** Of the platform's manifest. */
  descriptor: Descriptor;
  bytes: Buffer;
  /** The index it was chosen from, where the reference names one. */
  index?: FetchedManifest;
}

export interface RegistryClient extends Disposable {
  /** What the reference is for the platform. Throws with Docker's sentences for pull. */
  resolve(ref: Reference, platform: Platform, options?: CallOptions): Promise<ResolvedImage>;
  manifest(ref: Reference, options?: CallOptions): Promise<FetchedManifest>;
  /**
   * Fills the sink from its offset up to the descriptor's size, with retries; what the registry lacks comes from the
   * descriptor's URLs. Answers the host that gave the end of it.
   */
  blob(ref: Reference, descriptor: Descriptor, options: BlobOptions & { sink: BlobSink }): Promise<string>;
  hasBlob(ref: Reference, digest: Digest, options?: CallOptions): Promise<boolean>;
  mountBlob(ref: Reference, digest: Digest, options: CallOptions & { from: string }): Promise<boolean>;
  uploadBlob(
    ref: Reference,
    blob: { descriptor: Pick<Descriptor, 'digest' | 'size'>; open: (start: number) => Readable },
    options?: CallOptions,
  ): Promise<void>;
  putManifest(
    ref: Reference,
    manifest: { target: string; mediaType: string; bytes: Buffer },
    options?: CallOptions,
  ): Promise<void>;
  /** A page of the repository's tags. */
  tags(
    ref: Reference,
    page: { count: number; last?: string | undefined },
    options?: CallOptions,
  ): Promise<TagPage>;
  /** What refers to the manifest `digest`: signatures, bills of materials. */
  referrers(ref: Reference, digest: Digest, options?: CallOptions): Promise<Referrer[]>;
  /** Tries the credentials; throws `unauthorized` where they are wrong. */
  login(registry: string, options: CallOptions): Promise<void>;
}

/** Owns its connections until disposed. */
export function openRegistry(options: RegistryOptions = {}): RegistryClient {
  const transport = openTransport({ ...options, idleTimeoutMs: options.idleTimeoutMs ?? 30_000 });
  return new Client({ transport, tokens: new TokenStore(transport) }, options);
}

class Client implements RegistryClient {
  #wire: Wire;
  #endpoints: EndpointOptions;
  #policy: RetryPolicy;
  /** The endpoint that last had a repository's manifest has its blobs, too. */
  #answered = new Map<string, string>();
  #schemes = new Schemes();

  constructor(wire: Wire, options: RegistryOptions) {
    this.#wire = wire;
    this.#endpoints = { mirrors: options.mirrors ?? [], insecure: options.insecure ?? [] };
    this.#policy = { ...defaultRetry, ...options.retry };
  }

  async resolve(ref: Reference, platform: Platform, options: CallOptions = {}): Promise<ResolvedImage> {
    const top = await this.manifest(ref, options);
    if (top.document.kind === 'manifest') return resolved(top.descriptor.digest, top);
    const { tag: _, ...rest } = ref;
    const chosen = await chooseManifest(top.document.index, platform, ({ digest }) =>
      this.manifest({ ...rest, digest }, options),
    );
    return { ...resolved(top.descriptor.digest, chosen), index: top };
  }

  async manifest(ref: Reference, options: CallOptions = {}): Promise<FetchedManifest> {
    const target = ref.digest ?? ref.tag ?? 'latest';
    const { repository } = ref;
    const scope = pullScope(ref);
    try {
      return await this.#anywhere(ref, options, (endpoint) =>
        fetchManifest(this.#wire, { endpoint, repository, scope, ...options }, target),
      );
    } catch (thrown) {
      throw pullFailure(thrown, { reference: familiarReference(ref), repository: familiarRepository(ref) });
    }
  }

  async blob(
    ref: Reference,
    descriptor: Descriptor,
    options: BlobOptions & { sink: BlobSink },
  ): Promise<string> {
    const { sink, onBytes, signal, auth, doubted } = options;
    const path = `/v2/${ref.repository}/blobs/${descriptor.digest}`;
    const scope = pullScope(ref);
    const how = { policy: this.#policy, signal, onBytes };
    try {
      return await this.#anywhere(ref, { signal, once: true, doubted }, async (endpoint) => {
        const open = (offset: number) =>
          ask(this.#wire, { endpoint, path, scope, auth, signal, headers: rangeFrom(offset) });
        await download({ open, descriptor }, sink, how);
        return new URL(endpoint.origin).host;
      });
    } catch (thrown) {
      if (!isMissing(thrown) || !liesElsewhere(descriptor)) throw thrown;
      return await downloadElsewhere(this.#wire.transport, descriptor, sink, how);
    }
  }

  hasBlob(ref: Reference, digest: Digest, options: CallOptions = {}): Promise<boolean> {
    return this.#retried(options, async () => hasBlob(this.#wire, await this.#home(ref, options), digest));
  }

  mountBlob(ref: Reference, digest: Digest, options: CallOptions & { from: string }): Promise<boolean> {
    return this.#retried(options, async () =>
      mountBlob(this.#wire, await this.#home(ref, options), digest, options.from),
    );
  }

  uploadBlob(
    ref: Reference,
    blob: { descriptor: Pick<Descriptor, 'digest' | 'size'>; open: (start: number) => Readable },
    options: CallOptions = {},
  ): Promise<void> {
    let tried = 0;
    return this.#retried(options, async () => {
      const home = await this.#home(ref, options);
      // It may have arrived, and only the answer was lost.
      if (tried++ > 0 && (await hasBlob(this.#wire, home, blob.descriptor.digest))) return;
      await uploadBlob(this.#wire, home, blob, { policy: this.#policy });
    });
  }

  putManifest(
    ref: Reference,
    manifest: { target: string; mediaType: string; bytes: Buffer },
    options: CallOptions = {},
  ): Promise<void> {
    return this.#retried(options, async () =>
      putManifest(this.#wire, await this.#home(ref, options), manifest),
    );
  }

  async tags(
    ref: Reference,
    page: { count: number; last?: string | undefined },
    options: CallOptions = {},
  ): Promise<TagPage> {
    return await this.#listed(ref, options, (place) => listTags(this.#wire, place, page));
  }

  async referrers(ref: Reference, digest: Digest, options: CallOptions = {}): Promise<Referrer[]> {
    return await this.#listed(ref, options, (place) => findReferrers(this.#wire, place, digest));
  }

  async #listed<T>(
    ref: Reference,
    options: CallOptions,
    work: (place: Parameters<typeof listTags>[1]) => Promise<T>,
  ): Promise<T> {
    const { repository } = ref;
    const scope = pullScope(ref);
    try {
      return await this.#anywhere(ref, options, (endpoint) =>
        work({ endpoint, repository, scope, ...options }),
      );
    } catch (thrown) {
      throw pullFailure(thrown, { reference: familiarReference(ref), repository: familiarRepository(ref) });
    }
  }

  async login(registry: string, options: CallOptions): Promise<void> {
    const endpoint = await this.#real(registry);
    try {
      const answer = await ask(this.#wire, { endpoint, path: '/v2/', scope: '', ...options });
      answer.body.resume();
    } catch (thrown) {
      throw loginFailure(thrown, `${endpoint.origin}${endpoint.prefix}/v2/`);
    }
  }

  [Symbol.dispose](): void {
    this.#wire.transport[Symbol.dispose]();
  }

  #retried<T>(options: CallOptions, work: () => Promise<T>): Promise<T> {
    return withRetry(work, { policy: this.#policy, signal: options.signal });
  }

  async #real(registry: string): Promise<Endpoint> {
    const last = endpointsOf(registry, { ...this.#endpoints, mirrors: [] }).at(-1);
    if (last === undefined) throw new RegistryFailure('internal', `no endpoint for ${registry}`);
    return await this.#settled(last);
  }

  /** A host that may be spoken to either way is asked which it is. */
  async #settled(endpoint: Endpoint): Promise<Endpoint> {
    if (endpoint.either !== true) return endpoint;
    const { host } = new URL(endpoint.origin);
    return { ...endpoint, origin: `${await this.#schemes.of(host)}://${host}` };
  }

  async #home(ref: Reference, options: CallOptions): Promise<UploadPlace> {
    const { auth, signal } = options;
    return { endpoint: await this.#real(ref.registry), repository: ref.repository, auth, signal };
  }

  /** Tries each endpoint in turn; a definite "not here" says more than "not reached" and is what is thrown. */
  async #anywhere<T>(
    ref: Reference,
    options: Pick<BlobOptions, 'signal' | 'doubted'> & { once?: boolean },
    work: (endpoint: Endpoint) => Promise<T>,
  ): Promise<T> {
    const repository = `${ref.registry}/${ref.repository}`;
    const failures: unknown[] = [];
    for (const guessed of this.#inOrder(ref.registry, repository, options.doubted)) {
      const endpoint = await this.#settled(guessed);
      try {
        const result = options.once
          ? await work(endpoint)
          : await this.#retried(options, () => work(endpoint));
        this.#remember(repository, guessed.origin);
        return result;
      } catch (thrown) {
        if (isUnanswered(thrown)) this.#schemes.forget(new URL(endpoint.origin).host);
        if (!isOfEndpoint(thrown)) throw thrown;
        failures.push(thrown);
      }
    }
    throw mostTelling(failures);
  }

  #inOrder(registry: string, repository: string, doubted?: ReadonlySet<string>): Endpoint[] {
    const endpoints = endpointsOf(registry, this.#endpoints);
    const answered = this.#answered.get(repository);
    const rank = ({ origin }: Endpoint): number => {
      if (doubted?.has(new URL(origin).host)) return 2;
      return origin === answered ? 0 : 1;
    };
    return endpoints.sort((a, b) => rank(a) - rank(b));
  }

  #remember(repository: string, origin: string): void {
    if (this.#answered.size > 1000) this.#answered.clear();
    this.#answered.set(repository, origin);
  }
}

/** Another endpoint may do better. A sink without room or a caller who went away fail with each of them. */
function isOfEndpoint(thrown: unknown): thrown is EngineError {
  if (thrown instanceof RegistryFailure) return thrown.kind !== 'cancelled';
  return thrown instanceof EngineError && thrown.kind !== 'cancelled' && thrown.kind !== 'internal';
}

const isMissing = (thrown: unknown): boolean => thrown instanceof RegistryFailure && thrown.status === 404;

const isUnanswered = (thrown: unknown): boolean =>
  thrown instanceof RegistryFailure && thrown.status === undefined && thrown.kind === 'unavailable';

const pullScope = (ref: Reference): string => `repository:${ref.repository}:pull`;

function resolved(digest: Digest, fetched: FetchedManifest): ResolvedImage {
  if (fetched.document.kind !== 'manifest') {
    throw new RegistryFailure('internal', `${fetched.descriptor.digest} is an index, not a manifest`);
  }
  return {
    digest,
    manifest: fetched.document.manifest,
    descriptor: fetched.descriptor,
    bytes: fetched.bytes,
  };
}

function mostTelling(failures: unknown[]): unknown {
  const missing = failures.find((thrown) => thrown instanceof RegistryFailure && thrown.status === 404);
  const last = failures.at(-1);
  if (!(missing instanceof RegistryFailure) || last === missing) return last;
  return new RegistryFailure(missing.kind, missing.message, {
    cause: last,
    hint: `The mirror does not have it, and the registry itself failed: ${messageOf(last)}.`,
    ...(missing.status === undefined ? {} : { status: missing.status }),
    ...(missing.code === undefined ? {} : { code: missing.code }),
  });
}

/** Digest a reference asks for, where it does. */
export function digestAsked(ref: Reference): Digest | undefined {
  return ref.digest !== undefined && isDigest(ref.digest) ? ref.digest : undefined;
}
