// Searching a registry that offers the search of the first registry API (`/v1/search`), as Docker Hub's index does.
import { invalid, unsupported } from '#shared/errors.ts';
import { basicHeader, credentialsOf, type RegistryAuth } from './auth.ts';
import { type Endpoint, type EndpointOptions, endpointsOf } from './endpoints.ts';
import { RegistryFailure } from './failures.ts';
import { plainText } from './foreign-text.ts';
import { Schemes } from './schemes.ts';
import { openTransport, readSmall, type Sent, type Transport, type TransportOptions } from './transport.ts';

export interface SearchRequest {
  /** What to look for; may begin with a registry's host. */
  term: string;
  /** Results wanted, 1 to 100. */
  limit: number;
  auth?: RegistryAuth | undefined;
  signal?: AbortSignal | undefined;
}

/** One repository, in the words of `GET /images/search`. */
export interface SearchResult {
  name: string;
  description: string;
  star_count: number;
  is_official: boolean;
  is_automated: boolean;
}

const idleTimeoutMs = 5_000;
const longestAnswerBytes = 2 * 1024 * 1024;
const hubIndex = 'https://index.docker.io';

/** Throws `unsupported` where none of the registry's hosts has a search, `unavailable` where none answers. */
export async function searchRegistry(
  request: SearchRequest,
  options: EndpointOptions & Partial<TransportOptions>,
): Promise<SearchResult[]> {
  const { host, rest } = splitTerm(request.term);
  using transport = openTransport({ idleTimeoutMs, ...options });
  let last: unknown;
  for (const base of await basesOf(host, options)) {
    try {
      const { url, mirror } = base;
      const auth = mirror ? undefined : request.auth;
      const found = await searchAt(transport, url, { ...request, auth, term: rest });
      if (found !== undefined) return found;
    } catch (thrown) {
      if (!(thrown instanceof RegistryFailure)) throw thrown;
      last = thrown;
    }
  }
  if (last !== undefined) throw last;
  throw unsupported(`the registry ${host} does not offer a search`, {
    hint: 'look for images on the registry’s own pages',
  });
}

function splitTerm(term: string): { host: string; rest: string } {
  if (term.trim() === '' || term.includes('://')) {
    throw invalid(`invalid repository name: "${term.slice(0, 100)}" is no search term`);
  }
  const slash = term.indexOf('/');
  const first = slash < 0 ? '' : term.slice(0, slash);
  const isHost = first === 'localhost' || /[.:]/.test(first);
  if (!isHost || first === 'docker.io')
    return { host: 'docker.io', rest: isHost ? term.slice(slash + 1) : term };
  if (!URL.canParse(`http://${first}`)) throw invalid(`invalid repository name: "${term.slice(0, 100)}"`);
  return { host: first, rest: term.slice(slash + 1) };
}

interface Base {
  url: string;
  /** It gets no credentials. */
  mirror: boolean;
}

async function basesOf(host: string, options: EndpointOptions): Promise<Base[]> {
  const endpoints = endpointsOf(host, options).filter(({ mirror }) => host !== 'docker.io' || mirror);
  const schemes = new Schemes();
  const originOf = async ({ origin, either }: Endpoint): Promise<string> =>
    either ? `${await schemes.of(new URL(origin).host)}://${new URL(origin).host}` : origin;
  const own = await Promise.all(
    endpoints.map(async (one) => ({ url: (await originOf(one)) + one.prefix, mirror: one.mirror })),
  );
  return host === 'docker.io' ? [...own, { url: hubIndex, mirror: false }] : own;
}

/** Undefined where the host has no search. */
async function searchAt(
  transport: Transport,
  base: string,
  { term, limit, auth, signal }: SearchRequest,
): Promise<SearchResult[] | undefined> {
  const url = new URL(`${base}/v1/search`);
  url.searchParams.set('q', term);
  url.searchParams.set('n', String(limit));
  const user = credentialsOf(auth);
  const sent: Sent = {
    method: 'GET',
    url,
    headers: user === undefined ? {} : { authorization: basicHeader(user) },
    signal,
  };
  const answer = await transport.send(sent);
  const bytes = await readSmall(sent, answer, longestAnswerBytes);
  if (answer.status !== 200) return undefined;
  try {
    const { results } = JSON.parse(bytes.toString('utf8')) as { results?: unknown };
    return Array.isArray(results) ? results.map(resultOf).slice(0, limit) : undefined;
  } catch {
    return undefined;
  }
}

function resultOf(value: unknown): SearchResult {
  const row = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  return {
    name: plainText(String(row['name'] ?? '')),
    description: plainText(String(row['description'] ?? '')),
    star_count: Number(row['star_count'] ?? 0) || 0,
    is_official: row['is_official'] === true,
    is_automated: false,
  };
}
