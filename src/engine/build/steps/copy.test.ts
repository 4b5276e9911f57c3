// Destinations of COPY.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destinationOf } from './copy.ts';

const cases: [string, string, string][] = [
  ['.', '/app', '/app/'],
  ['./', '/app', '/app/'],
  ['x', '/app', '/app/x'],
  ['x/', '/app', '/app/x/'],
  ['/x', '/app', '/x'],
  ['/', '/app', '/'],
  ['..', '/app/y', '/app/'],
  ['../../..', '/app', '/'],
  ['a/./b/../c', '', '/a/c'],
  ['/x/.', '/', '/x/'],
];
for (const [text, workdir, expected] of cases) {
  test(`${text} in ${workdir || 'no WORKDIR'} is ${expected}`, () =>
    assert.equal(destinationOf(text, workdir), expected));
}
