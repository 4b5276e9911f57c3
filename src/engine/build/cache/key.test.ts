// Cache keys: the same meaning is the same key, any difference is another.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, keyOf, type Preimage } from './key.ts';

const base: Preimage = {
  version: 3,
  parent: 'p',
  on: null,
  instruction: 'RUN x',
  args: { b: '2', a: '1' },
  files: { f: 'f 644 aa' },
};

test('the order of fields does not matter', () => {
  const { args: _, ...rest } = base;
  assert.equal(keyOf({ args: { a: '1', b: '2' }, ...rest }), keyOf(base));
  assert.match(keyOf(base), /^[0-9a-f]{64}$/);
});

test('every part counts', () => {
  const others: Partial<Preimage>[] = [
    { parent: 'q' },
    { on: `sha256:${'0'.repeat(64)}` },
    { instruction: 'RUN y' },
    { args: { a: '1', b: '3' } },
    { files: { f: 'f 755 aa' } },
    { epoch: 1 },
    { more: { x: 'y' } },
  ];
  const keys = others.map((other) => keyOf({ ...base, ...other }));
  assert.equal(new Set([keyOf(base), ...keys]).size, others.length + 1);
});

test('property: canonical JSON says the same as the value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) =>
      assert.deepEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value))),
    ),
  );
});
