// What bodies and queries decode to, and that nothing but `invalid` is thrown.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { containerCreate } from '#api/schemas/container.ts';
import { networkCreate } from '#api/schemas/network.ts';
import { decodeBody } from '#api/wire/decode.ts';
import { decodeFlag, decodeQuery } from '#api/wire/query.ts';
import { flag, list, mapOf, object, oneOf, orNull, text, whole, words } from '#api/wire/schema.ts';
import { isKind } from '#shared/errors.ts';

const message = (expected: RegExp) => (thrown: unknown) =>
  isKind(thrown, 'invalid') && thrown instanceof Error && expected.test(thrown.message);

test('null is absent, unknown fields are left out', () => {
  const schema = object({ a: text, b: object({ c: whole }), m: mapOf(text), n: mapOf(orNull(text)) });
  const sent = { a: null, b: { c: null, d: 1 }, m: { k: null }, n: { k: null }, z: 1 };
  assert.deepEqual(decodeBody(schema, sent), { b: {}, m: { k: '' }, n: { k: null } });
  assert.deepEqual(decodeBody(schema, undefined), {});
});

test('a field in another letter case is taken, unless the right one is there', () => {
  const schema = object({ HostIp: text });
  assert.deepEqual(decodeBody(schema, { hostip: 'a' }), { HostIp: 'a' });
  assert.deepEqual(decodeBody(schema, { hostip: 'a', HostIp: 'b' }), { HostIp: 'b' });
});

test('wrong types name their field', () => {
  const schema = object({ A: object({ B: list(object({ C: whole })) }), E: oneOf('', 'x'), W: words });
  const sent = (value: unknown) => () => decodeBody(schema, value);
  assert.throws(
    sent({ A: { B: [{ C: 1 }, { C: '2' }] } }),
    message(/A\.B\[1\]\.C: expected an integer, got string/),
  );
  assert.throws(sent({ A: [] }), message(/^invalid JSON: A: expected an object, got array$/));
  assert.throws(sent({ E: 'y' }), message(/E: "y" is not one of "x"/));
  assert.throws(sent('text'), message(/the body: expected an object, got string/));
  assert.deepEqual(decodeBody(schema, { W: 'ls' }), { W: ['ls'] });
});

test('prototypes cannot be reached', () => {
  const decoded = decodeBody(
    object({ Labels: mapOf(text) }),
    JSON.parse('{"Labels":{"__proto__":"x"},"__proto__":{}}'),
  );
  assert.deepEqual(Object.keys(decoded as object), ['Labels']);
  assert.equal(Object.getPrototypeOf((decoded as { Labels: object }).Labels), Object.prototype);
});

test('any JSON is decoded or refused as invalid', () => {
  const names = [...Object.keys(containerCreate.properties), ...Object.keys(networkCreate.properties)];
  const bodies = fc.dictionary(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 4 }));
  fc.assert(
    fc.property(bodies, (body) => {
      for (const schema of [containerCreate, networkCreate]) {
        try {
          decodeBody(schema, body);
        } catch (thrown) {
          if (!isKind(thrown, 'invalid')) throw thrown;
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("flags are Docker's", () => {
  for (const word of ['1', 'true', 'True', 'yes', 'on', 'anything'])
    assert.equal(decodeFlag(word), true, word);
  for (const word of ['', '0', 'false', 'False', 'no', 'none', ' 0 '])
    assert.equal(decodeFlag(word), false, word);
});

test('queries decode by the schema', () => {
  const schema = object({ all: flag, limit: whole, t: list(text), name: text });
  const sent = { all: '1', limit: '5', t: 'a', name: ['x', 'y'], other: 'z' };
  assert.deepEqual(decodeQuery(schema, sent), { all: true, limit: 5, t: ['a'], name: 'x' });
  assert.deepEqual(decodeQuery(schema, { limit: '', t: ['a', 'b'] }), { t: ['a', 'b'] });
  assert.throws(() => decodeQuery(schema, { limit: 'many' }), message(/"many" for query parameter limit/));
});
