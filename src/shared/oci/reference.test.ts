// References: Docker's short forms, what is refused, and the way back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#shared/errors.ts';
import {
  familiarReference,
  familiarRepository,
  formatReference,
  parseReference,
  repositoryOf,
} from './reference.ts';

const digest = `sha256:${'a1'.repeat(32)}`;

test('short names become full names', () => {
  const full = (text: string) => formatReference(parseReference(text));
  assert.equal(full('python'), 'docker.io/library/python:latest');
  assert.equal(full('python:3.11-slim'), 'docker.io/library/python:3.11-slim');
  assert.equal(full('team/app'), 'docker.io/team/app:latest');
  assert.equal(full('index.docker.io/python'), 'docker.io/library/python:latest');
  assert.equal(full('localhost/app'), 'localhost/app:latest');
  assert.equal(full('localhost:5000/app:1'), 'localhost:5000/app:1');
  assert.equal(full('[::1]:5000/app:1'), '[::1]:5000/app:1');
  assert.equal(full('ghcr.io/a/b/c:x'), 'ghcr.io/a/b/c:x');
  assert.equal(full(`python@${digest}`), `docker.io/library/python@${digest}`);
  assert.equal(full(`python:3@${digest}`), `docker.io/library/python:3@${digest}`);
});

test('full names are shown short', () => {
  const short = (text: string) => familiarReference(parseReference(text));
  assert.equal(short('docker.io/library/python:3'), 'python:3');
  assert.equal(short('docker.io/team/app:3'), 'team/app:3');
  assert.equal(short('docker.io/library/a/b:3'), 'library/a/b:3');
  assert.equal(short('quay.io/team/app'), 'quay.io/team/app:latest');
  assert.equal(familiarRepository(parseReference('python:3')), 'python');
  assert.equal(repositoryOf(parseReference('python:3')), 'docker.io/library/python');
});

test('what is no name is refused with the known sentence', () => {
  for (const text of [
    '',
    ':x',
    'a b',
    'a:',
    'a@',
    'a@sha256:12',
    '/a',
    'a//b',
    'a/',
    '-a',
    'a..b',
    'a___b',
    'a:b:c/',
    'x'.repeat(300),
  ]) {
    assert.throws(() => parseReference(text), /invalid reference format/, text);
  }
  assert.throws(() => parseReference('Python'), /repository name \(library\/Python\) must be lowercase/);
  assert.throws(() => parseReference('a'.repeat(64)), /64-byte hexadecimal/);
});

test('format and parse are each other’s inverse', () => {
  const component = fc.stringMatching(/^[a-z0-9]{1,8}(?:[._-][a-z0-9]{1,4})?$/);
  const name = fc.array(component, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  const registry = fc.constantFrom('', 'localhost/', 'localhost:5000/', 'ghcr.io/', 'docker.io/');
  const tag = fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/), { nil: undefined });
  const withDigest = fc.boolean();
  fc.assert(
    fc.property(registry, name, tag, withDigest, (host, path, tagText, digested) => {
      const text = `${host}${path}${tagText === undefined ? '' : `:${tagText}`}${digested ? `@${digest}` : ''}`;
      const reference = parseReference(text);
      assert.deepEqual(parseReference(formatReference(reference)), reference);
      assert.deepEqual(parseReference(familiarReference(reference)), reference);
    }),
  );
});

test('no text makes the parser throw anything but invalid', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.stringMatching(/^[a-z0-9._:@/-]{0,40}$/)),
      (text) => {
        try {
          const reference = parseReference(text);
          assert.deepEqual(parseReference(formatReference(reference)), reference);
        } catch (thrown) {
          assert.ok(isKind(thrown, 'invalid'), String(thrown));
        }
      },
    ),
  );
});

test('a long text of separators is refused at once', () => {
  const started = performance.now();
  assert.throws(() => parseReference(`a${'-'.repeat(100_000)}`));
  assert.throws(() => parseReference(`${'a.'.repeat(50_000)}/x`));
  assert.ok(performance.now() - started < 200);
});
