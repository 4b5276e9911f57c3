// What there is: tags, referrers, the catalogue, search (distribution-spec, "Content Discovery"; Docker's `_catalog`, `/v1/search`).
import { mediaTypes } from '#shared/oci/specs.ts';
import { refuse } from '../failures.ts';
import { parseBlobDigest } from '../names.ts';
import { compareTags } from '../store/repositories.ts';
import { answerJson, type Exchange, type Identity } from '../wire/exchange.ts';
import { linkOf, pageOf, parsePage } from '../wire/paging.ts';
import { type Asked, type Context, nameUnknown } from './context.ts';

/** GET `<name>/tags/list`; a cache tells what the other registry has. */
export async function answerTags({ hub, proxy }: Context, { exchange, repository }: Asked): Promise<void> {
  const asked = parsePage(exchange.query);
  const far = asked.count === 0 ? undefined : await proxy?.tags(repository, asked);
  if (far === undefined && !hub.repositories.has(repository)) throw nameUnknown(repository);
  const names = far === undefined ? hub.repositories.tags(repository).map(({ name }) => name) : [];
  const page = far ?? pageOf(names, asked, compareTags);
  const headers = linkOf(`/v2/${repository}/tags/list`, asked, page);
  answerJson(exchange, { name: repository, tags: page.items }, { headers });
}

/** GET `<name>/referrers/<digest>`: an index, empty where nobody refers to it; a cache asks the other registry. */
export async function answerReferrers(
  { hub, proxy }: Context,
  { exchange, repository, target }: Asked,
): Promise<void> {
  const subject = parseBlobDigest(target);
  const type = exchange.query.get('artifactType');
  const all =
    (await proxy?.referrers(repository, subject)) ?? hub.repositories.referrers(repository, subject);
  const manifests = type === null ? all : all.filter(({ artifactType }) => artifactType === type);
  const filtered: Record<string, string> = type === null ? {} : { 'oci-filters-applied': 'artifactType' };
  answerJson(
    exchange,
    { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests },
    { headers: { 'content-type': mediaTypes.ociIndex, ...filtered } },
  );
}

/** GET `/v2/_catalog`: names that the asker may pull. */
export function answerCatalog(context: Context, exchange: Exchange, identity: Identity): void {
  const asked = parsePage(exchange.query);
  const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);
  const page = pageOf(visibleNames(context, exchange, identity), asked, compare);
  answerJson(exchange, { repositories: page.items }, { headers: linkOf('/v2/_catalog', asked, page) });
}

/** GET `/v1/search?q=…&n=…&page=…`, as `docker search` asks. */
export function answerSearch(context: Context, exchange: Exchange, identity: Identity): void {
  const { query } = exchange;
  const term = query.get('q') ?? '';
  const size = Math.min(100, Math.max(1, Number.parseInt(query.get('n') ?? '25', 10) || 25));
  const page = Math.max(1, Number.parseInt(query.get('page') ?? '1', 10) || 1);
  const found = findRepositories(context, visibleNames(context, exchange, identity), term);
  const results = found.slice((page - 1) * size, page * size).map((name) => ({
    name,
    description: context.hub.repositories.description(name),
    star_count: 0,
    is_official: name.startsWith('library/'),
    is_automated: false,
  }));
  answerJson(exchange, {
    query: term,
    page,
    page_size: size,
    num_pages: Math.ceil(found.length / size),
    num_results: found.length,
    results,
  });
}

/** Names that hold every word of the term, in themselves or their descriptions: whole names first, then beginnings. */
export function findRepositories({ hub }: Pick<Context, 'hub'>, names: string[], term: string): string[] {
  const words = term.toLowerCase().slice(0, 200).split(/\s+/).filter(Boolean);
  const textOf = (name: string) => `${name} ${hub.repositories.description(name)}`.toLowerCase();
  const found = names.filter((name) => words.every((word) => textOf(name).includes(word)));
  const rank = (name: string) => {
    const short = name.replace(/^library\//, '');
    if (short === words[0]) return 0;
    return short.startsWith(words[0] ?? '') ? 1 : 2;
  };
  return found.sort((a, b) => rank(a) - rank(b));
}

/** Throws UNAUTHORIZED where nobody logged in and nobody else may see anything. */
export function visibleNames({ hub, guard }: Context, exchange: Exchange, identity: Identity): string[] {
  const isNobody = identity.user === undefined || identity.user === '';
  if (guard.isClosed && isNobody && !guard.rights.admitsAnonymous) {
    throw guard.unauthorized(exchange, 'authentication required', 'registry:catalog:*');
  }
  if (exchange.method !== 'GET' && exchange.method !== 'HEAD') {
    throw refuse('UNSUPPORTED', `${exchange.method} is not supported here`);
  }
  return hub.repositories.names().filter((name) => guard.maySee(identity, name));
}
