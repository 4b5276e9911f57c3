// Trees come back from JSON as they were.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeTrees, encodeTrees } from '#compose/load/coded-trees.ts';
import { readYaml } from '#compose/load/yaml.ts';

test('values, places and tags of all kinds', () => {
  const text = `
x-a: &a {one: 1, two: [1.5, true, null, "text"], empty: {}}
services:
  web: {<<: *a, image: "a", ports: !override ["1:1"], labels: !reset null}
---
volumes: {v: }
`;
  const trees = readYaml(text, 'compose.yaml');
  const stored: unknown = JSON.parse(JSON.stringify(encodeTrees(trees)));
  assert.ok(Array.isArray(stored));
  assert.deepEqual(decodeTrees(stored, 'compose.yaml'), trees);
  const elsewhere = decodeTrees(stored, '../compose.yaml');
  assert.equal(elsewhere[0]?.at.file, '../compose.yaml');
});

test('what JSON cannot say is not encoded', () => {
  assert.equal(encodeTrees(readYaml('x-a: .inf', 'f')), undefined);
});
