// A Compose file that was read once is known; another text is not.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readYaml } from '#compose/load/yaml.ts';
import { NotKnown, openKnownTrees } from './known-trees.ts';

test('a text is known once it was read, and only for its owner', () => {
  const home = mkdtempSync(join(tmpdir(), 'wharf-known-'));
  try {
    const trees = openKnownTrees({ XDG_CACHE_HOME: home });
    const text = 'services: {web: {image: a}}';
    assert.throws(() => trees.known(text, 'f'), NotKnown);
    const read = trees.learning(readYaml)(text, 'f');
    assert.deepEqual(openKnownTrees({ XDG_CACHE_HOME: home }).known(text, 'f'), read);
    assert.throws(() => trees.known(`${text} `, 'f'), NotKnown);
    const folder = join(home, 'wharf/compose');
    const [name = ''] = readdirSync(folder);
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
    writeFileSync(join(folder, name), '{"torn');
    assert.throws(() => trees.known(text, 'f'), NotKnown);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});

test('without a place for it nothing is kept', () => {
  const trees = openKnownTrees({});
  trees.learning(readYaml)('a: 1', 'f');
  assert.throws(() => trees.known('a: 1', 'f'), NotKnown);
});
