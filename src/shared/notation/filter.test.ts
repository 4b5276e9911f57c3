// List filters.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#shared/errors.ts';
import { filterKeysOnly, flagOf, formatFilters, matchLabel, parseFilters } from './filter.ts';

test('both forms are read', () => {
  assert.deepEqual(parseFilters('{"label":["a","b=c"]}').get('label'), ['a', 'b=c']);
  assert.deepEqual(parseFilters('{"label":{"a":true,"b":false}}').get('label'), ['a']);
  assert.equal(parseFilters(undefined).size, 0);
  assert.equal(parseFilters('').size, 0);
  for (const text of ['{', '[]', '3', '{"a":1}', '{"a":[1]}'])
    assert.throws(() => parseFilters(text), /invalid filter/);
});

test('labels, flags and keys', () => {
  assert.ok(matchLabel({ a: '1' }, ['a', 'a=1']));
  assert.ok(!matchLabel({ a: '1' }, ['a=2']));
  assert.ok(!matchLabel(null, ['a']));
  assert.ok(matchLabel(null, undefined));
  assert.ok(!matchLabel({}, ['toString']));
  assert.equal(flagOf(parseFilters('{"dangling":["true"]}'), 'dangling'), true);
  assert.equal(flagOf(parseFilters('{}'), 'dangling'), undefined);
  assert.throws(() => flagOf(parseFilters('{"dangling":["x"]}'), 'dangling'), /invalid filter/);
  assert.throws(() => filterKeysOnly(parseFilters('{"x":["y"]}'), ['label']), /invalid filter 'x'/);
});

test('format(parse(x)) comes back, and only invalid is thrown', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.array(fc.string())), (filters) => {
      const json = JSON.stringify(filters);
      assert.deepEqual(parseFilters(formatFilters(parseFilters(json))), parseFilters(json));
    }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      try {
        parseFilters(text);
      } catch (thrown) {
        assert.ok(isKind(thrown, 'invalid'));
      }
    }),
  );
});
