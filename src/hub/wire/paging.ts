// Pages of a list: `n`, `last` and the Link to the next (distribution-spec, "Listing Tags").
import { refuse } from '../failures.ts';

export interface PageAsked {
  /** Undefined: all that is left. */
  count: number | undefined;
  /** The list goes on after this one. */
  last: string | undefined;
}

export interface Page {
  items: string[];
  hasMore: boolean;
}

const largestPage = 10_000;

/** Throws PAGINATION_NUMBER_INVALID where `n` is no number. */
export function parsePage(query: URLSearchParams): PageAsked {
  const n = query.get('n');
  const last = query.get('last');
  if (n !== null && !/^\d{1,9}$/.test(n)) {
    throw refuse('PAGINATION_NUMBER_INVALID', `invalid number of results: ${JSON.stringify(n.slice(0, 40))}`);
  }
  return {
    count: n === null ? undefined : Math.min(Number(n), largestPage),
    last: last === null || last === '' ? undefined : last,
  };
}

/** The page of `names`, which are in the order of `compare`; `last` need not be among them. */
export function pageOf(names: string[], asked: PageAsked, compare: (a: string, b: string) => number): Page {
  const { last } = asked;
  const rest = last === undefined ? names : names.filter((name) => compare(name, last) > 0);
  const items = rest.slice(0, asked.count);
  return { items, hasMore: items.length > 0 && items.length < rest.length };
}

/** Headers of the page: a Link where there is more (RFC 5988). */
export function linkOf(path: string, asked: PageAsked, page: Page): Record<string, string> {
  const last = page.items.at(-1);
  if (!page.hasMore || last === undefined) return {};
  const query = new URLSearchParams({ n: String(asked.count), last });
  return { link: `<${path}?${query}>; rel="next"` };
}
