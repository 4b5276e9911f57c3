// The globs of `--filter reference=`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchReference } from './list.ts';

test('globs match names with and without their tag, and stay inside one part of the path', () => {
  const yes = [
    ['python', 'python:3.11'],
    ['python:3.11', 'python:3.11'],
    ['py*', 'python:3.11'],
    ['*:3.11', 'python:3.11'],
    ['docker.io/library/python', 'python:3.11'],
    ['ghcr.io/*/app', 'ghcr.io/team/app:1'],
    ['pytho[mn]', 'python:3.11'],
    ['python', `python@sha256:${'0'.repeat(64)}`],
  ] as const;
  for (const [pattern, name] of yes) assert.ok(matchReference(pattern, name), `${pattern} ${name}`);
  const no = [
    ['pyth', 'python:3.11'],
    ['*', 'ghcr.io/team/app:1'],
    ['python:3', 'python:3.11'],
    ['p.thon', 'python:3.11'],
    ['[z-a', 'python:3.11'],
  ] as const;
  for (const [pattern, name] of no) assert.ok(!matchReference(pattern, name), `${pattern} ${name}`);
});
