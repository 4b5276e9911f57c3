// Pages: every item once, in order, whatever the size of a page.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareTags } from '../store/repositories.ts';
import { linkOf, pageOf, parsePage } from './paging.ts';

test('walking by the links gives every tag once', () => {
  const tags = fc.uniqueArray(fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,5}$/), { maxLength: 30 });
  fc.assert(
    fc.property(tags, fc.integer({ min: 1, max: 7 }), (names, n) => {
      const sorted = names.toSorted(compareTags);
      const seen: string[] = [];
      let query = new URLSearchParams({ n: String(n) });
      for (let turns = 0; turns < 40; turns++) {
        const asked = parsePage(query);
        const page = pageOf(sorted, asked, compareTags);
        seen.push(...page.items);
        const link = linkOf('/v2/a/tags/list', asked, page)['link'];
        if (link === undefined) break;
        query = new URLSearchParams(/\?([^>]*)>; rel="next"$/.exec(link)?.[1]);
      }
      assert.deepEqual(seen, sorted);
    }),
  );
});

test('numbers', () => {
  assert.deepEqual(parsePage(new URLSearchParams('')), { count: undefined, last: undefined });
  assert.deepEqual(pageOf(['a', 'b'], { count: 0, last: undefined }, compareTags), {
    items: [],
    hasMore: false,
  });
  assert.throws(() => parsePage(new URLSearchParams('n=-1')), { code: 'PAGINATION_NUMBER_INVALID' });
  assert.throws(() => parsePage(new URLSearchParams('n=many')), { code: 'PAGINATION_NUMBER_INVALID' });
});
