// Questions about a registry's images that bring nothing here: what a name stands for, and searching.
import { type ProxyOptions, proxiesOf } from '#registry/agents.ts';
import type { RegistryAuth } from '#registry/auth.ts';
import type { Referrer } from '#registry/lists.ts';
import type { RegistryClient } from '#registry/registry.ts';
import { type SearchResult, searchRegistry } from '#registry/search.ts';
import { invalid } from '#shared/errors.ts';
import { type Filters, filterKeysOnly, flagOf } from '#shared/notation/filter.ts';
import { familiarRepository, parseReference } from '#shared/oci/reference.ts';
import type { Descriptor, Platform } from '#shared/oci/specs.ts';
import type { EngineOptions } from './engine-options.ts';

export interface LookupOptions {
  auth?: RegistryAuth | undefined;
  signal?: AbortSignal | undefined;
}

/** Answer of `GET /distribution/{name}/json`. */
export interface Distribution {
  Descriptor: Descriptor;
  Platforms: Platform[];
}

/** What the registry has under the name, and for which platforms. Throws as a pull does. */
export async function lookUpImage(
  registry: RegistryClient,
  name: string,
  options: LookupOptions,
): Promise<Distribution> {
  const reference = parseReference(name);
  const { descriptor, document } = await registry.manifest(reference, options);
  const { mediaType, digest, size } = descriptor;
  const Descriptor = { mediaType, digest, size };
  if (document.kind === 'index') {
    const platforms = document.index.manifests.flatMap(({ platform }) => platform ?? []);
    return { Descriptor, Platforms: platforms.filter(({ os }) => os !== 'unknown') };
  }
  const chunks: Buffer[] = [];
  const sink = {
    offset: 0,
    write: async (chunk: Buffer): Promise<void> => {
      chunks.push(Buffer.from(chunk));
      sink.offset += chunk.length;
    },
  };
  if (document.manifest.config.size > longestConfigBytes) return { Descriptor, Platforms: [] };
  await registry.blob(reference, document.manifest.config, { ...options, sink });
  return { Descriptor, Platforms: platformIn(Buffer.concat(chunks)) };
}

/** One page of the tags of a repository. Throws as a pull does. */
export async function listRepositoryTags(
  registry: RegistryClient,
  name: string,
  {
    count = 100,
    last,
    ...options
  }: LookupOptions & { count?: number | undefined; last?: string | undefined },
): Promise<{ Name: string; Tags: string[]; Next: string }> {
  if (count < 1 || count > 1000) throw invalid(`n ${count} is outside the range of [1, 1000]`);
  const { tag: _, digest: __, ...reference } = parseReference(name);
  const { tags, next = '' } = await registry.tags(reference, { count, last: last || undefined }, options);
  return { Name: familiarRepository(reference), Tags: tags, Next: next };
}

/** What refers to the manifest that the registry has under the name. */
export async function listImageReferrers(
  registry: RegistryClient,
  name: string,
  options: LookupOptions,
): Promise<Referrer[]> {
  const reference = parseReference(name);
  const { descriptor } = await registry.manifest(reference, options);
  return await registry.referrers(reference, descriptor.digest, options);
}

const longestConfigBytes = 8 * 1024 * 1024;

function platformIn(config: Buffer): Platform[] {
  try {
    const { os, architecture, variant } = JSON.parse(config.toString('utf8')) as Partial<Platform>;
    if (os === undefined || architecture === undefined) return [];
    return [{ os, architecture, ...(variant === undefined ? {} : { variant }) }];
  } catch {
    return [];
  }
}

/** What is not given is the environment's. */
function proxiesOver({ httpProxy, httpsProxy, noProxy }: ProxyOptions): ProxyOptions {
  const env = proxiesOf(process.env);
  return {
    httpProxy: httpProxy ?? env.httpProxy,
    httpsProxy: httpsProxy ?? env.httpsProxy,
    noProxy: noProxy ?? env.noProxy,
  };
}

export interface ImageSearch extends LookupOptions, ReturnType<typeof registryOptionsOf> {
  term: string;
  /** 25 unless told. */
  limit?: number | undefined;
  filters: Filters;
}

/** The part of an engine's options that its registry client is opened with. */
export function registryOptionsOf(options: EngineOptions) {
  const { registryMirrors = [], insecureRegistries = [], certsDirs, proxies } = options;
  return {
    mirrors: registryMirrors,
    insecure: insecureRegistries,
    ...(certsDirs === undefined ? {} : { certsDirs }),
    ...(proxies === undefined ? {} : { proxies: proxiesOver(proxies) }),
  };
}

/** Answer of `GET /images/search`: most stars first. Throws `invalid`, or `unsupported` where there is no search. */
export async function searchImages(search: ImageSearch): Promise<SearchResult[]> {
  const { filters, limit = 25 } = search;
  filterKeysOnly(filters, ['is-automated', 'is-official', 'stars']);
  if (limit < 1 || limit > 100) throw invalid(`limit ${limit} is outside the range of [1, 100]`);
  const official = flagOf(filters, 'is-official');
  const automated = flagOf(filters, 'is-automated');
  const stars = (filters.get('stars') ?? []).map((text) => {
    if (!/^\d+$/.test(text)) throw invalid(`invalid filter 'stars=${text.slice(0, 100)}'`);
    return Number(text);
  });
  const found = automated === true ? [] : await searchRegistry({ ...search, limit }, search);
  return found
    .filter((row) => official === undefined || row.is_official === official)
    .filter((row) => stars.every((least) => row.star_count >= least))
    .sort((a, b) => b.star_count - a.star_count);
}
