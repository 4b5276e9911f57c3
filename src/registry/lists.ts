// What a registry has under a name: its tags, page by page, and what refers to a manifest (OCI distribution-spec 1.1).
import { type Digest, hexOf } from '#shared/oci/digest.ts';
import type { Descriptor, Index } from '#shared/oci/specs.ts';
import { RegistryFailure } from './failures.ts';
import { ask, type Question, type Wire } from './session.ts';
import { readSmall } from './transport.ts';

type Place = Omit<Question, 'path'> & { repository: string };

export interface TagPage {
  /** In the registry's order, which the specification wants to be that of the letters. */
  tags: string[];
  /** Where the next page begins; undefined on the last one. */
  next?: string;
}

export interface Referrer extends Descriptor {
  artifactType?: string;
  annotations?: Record<string, string>;
}

const maxListBytes = 8 * 1024 * 1024;

/** One page of tags ("Listing Tags"): at most `count`, after the tag `last`. */
export async function listTags(
  wire: Wire,
  place: Place,
  { count, last }: { count: number; last?: string | undefined },
): Promise<TagPage> {
  const { repository, ...rest } = place;
  const query = new URLSearchParams({ n: String(count), ...(last === undefined ? {} : { last }) });
  const answer = await ask(wire, { ...rest, path: `/v2/${repository}/tags/list?${query}` });
  const body = await readJson(answer, rest.signal);
  const listed: unknown = (body as { tags?: unknown } | null)?.tags ?? [];
  const tags = Array.isArray(listed) ? listed.filter(isTag) : [];
  const next = nextOf(String(answer.headers['link'] ?? ''), answer.url);
  return { tags, ...(next === undefined || next === last ? {} : { next }) };
}

// What is no tag can be neither asked for nor shown.
const isTag = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(value);

/** `</v2/x/tags/list?n=2&last=b>; rel="next"` (RFC 8288): its `last`. */
function nextOf(link: string, base: URL): string | undefined {
  const target = /<([^<>]{1,2000})>\s*;[^,]*rel="?next"?/.exec(link)?.[1];
  if (target === undefined || !URL.canParse(target, base.href)) return undefined;
  return new URL(target, base).searchParams.get('last') ?? undefined;
}

/** What refers to `digest`; from the tag that older registries keep such a list under, where they know no better. */
export async function listReferrers(wire: Wire, place: Place, digest: Digest): Promise<Referrer[]> {
  const { repository, ...rest } = place;
  const headers = { accept: 'application/vnd.oci.image.index.v1+json' };
  const at = (path: string) => ask(wire, { ...rest, headers, path: `/v2/${repository}/${path}` });
  const answer = await at(`referrers/${digest}`).catch((thrown) => {
    if (isMissing(thrown)) return at(`manifests/sha256-${hexOf(digest)}`);
    throw thrown;
  });
  const index = (await readJson(answer, rest.signal)) as Partial<Index> | null;
  return Array.isArray(index?.manifests) ? (index.manifests as Referrer[]) : [];
}

/** As `listReferrers`, and nothing where the registry has no list either way. */
export async function findReferrers(wire: Wire, place: Place, digest: Digest): Promise<Referrer[]> {
  return await listReferrers(wire, place, digest).catch((thrown) => {
    if (isMissing(thrown)) return [];
    throw thrown;
  });
}

const isMissing = (thrown: unknown): boolean => thrown instanceof RegistryFailure && thrown.status === 404;

async function readJson(
  answer: Awaited<ReturnType<typeof ask>>,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const bytes = await readSmall({ method: 'GET', url: answer.url, signal }, answer, maxListBytes);
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new RegistryFailure('unavailable', `Get "${answer.url.href}": the answer is not JSON`, { cause });
  }
}
