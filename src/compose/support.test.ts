// docs/compose-support.md says what the schema says, and each note is about something that is there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { supportNotes } from '../../scripts/docs/compose-notes.ts';
import { attributesOf, composeSupport, noteOf, supportFile } from '../../scripts/docs/compose-support.ts';
import { testedAttributes } from '../../scripts/docs/compose-tested.ts';

test('the table of attributes is the one that the schema gives', () => {
  assert.ok(
    readFileSync(supportFile, 'utf8') === composeSupport(),
    'docs/compose-support.md is old: run scripts/with-node.sh scripts/docs/compose-support.ts',
  );
});

test('what is called tested is in the schema, and carried out', () => {
  const known = new Set(attributesOf());
  assert.deepEqual(
    testedAttributes.filter((attribute) => !known.has(attribute) || noteOf(attribute) !== undefined),
    [],
  );
});

test('no note is about an attribute that the schema does not have', () => {
  const known = new Set(attributesOf());
  assert.deepEqual(
    Object.keys(supportNotes).filter((attribute) => !known.has(attribute)),
    [],
  );
  assert.ok(known.size > 300, String(known.size));
});
