// docs/cli.md says what the catalog says.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { cliReference, referenceFile } from '../../scripts/docs/cli.ts';

test('the reference of the command line is the one that the catalog gives', async () => {
  const written = readFileSync(referenceFile, 'utf8');
  assert.ok(
    written === (await cliReference()),
    'docs/cli.md is old: run scripts/with-node.sh scripts/docs/cli.ts',
  );
});
