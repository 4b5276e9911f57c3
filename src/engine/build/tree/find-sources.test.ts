// Sources of COPY: patterns, links that want out, .dockerignore, and Docker's sentences.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { EngineError } from '#shared/errors.ts';
import { cleanPath } from '#shared/notation/mount.ts';
import { findSources } from './find-sources.ts';
import { parseIgnore } from './ignore.ts';
import { resolveInRoot } from './in-root.ts';
import { fingerprint, type SourceTree } from './source-tree.ts';

const root = mkdtempSync(join(tmpdir(), 'wharf-build-sources-'));
after(() => rmSync(root, { recursive: true, force: true }));
mkdirSync(join(root, 'src/deep'), { recursive: true });
mkdirSync(join(root, 'node_modules/x'), { recursive: true });
for (const file of [
  'a.txt',
  'b.txt',
  'c.md',
  'src/one.py',
  'src/deep/two.py',
  'node_modules/x/keep.js',
  'node_modules/y.js',
]) {
  writeFileSync(join(root, file), file);
}
symlinkSync('/etc/passwd', join(root, 'absolute'));
symlinkSync('../../../etc/passwd', join(root, 'climbing'));
symlinkSync('src', join(root, 'link'));
symlinkSync('loop', join(root, 'loop'));

const tree = (ignore = ''): SourceTree => ({ root, ...parseIgnore(ignore) });

async function names(sources: string[], ignore = ''): Promise<string[][]> {
  const found = await findSources({ keyword: 'COPY', tree: tree(ignore) }, sources);
  return found.map((source) => [source.base, ...source.entries.slice(1).map((entry) => entry.name)]);
}

async function refusal(source: string, ignore = ''): Promise<EngineError> {
  try {
    await names([source], ignore);
  } catch (thrown) {
    assert.ok(thrown instanceof EngineError, String(thrown));
    return thrown;
  }
  throw new Error(`found: ${source}`);
}

test('files, directories, patterns, links to directories', async () => {
  assert.deepEqual(await names(['a.txt', '/b.txt']), [['a.txt'], ['b.txt']]);
  assert.deepEqual(await names(['*.txt']), [['a.txt'], ['b.txt']]);
  assert.deepEqual(await names(['s?c/*.py']), [['one.py']]);
  assert.deepEqual(await names(['src']), [['src', 'deep', 'one.py', 'deep/two.py']]);
  assert.deepEqual(await names(['link/deep']), [['deep', 'two.py']]);
  assert.deepEqual(await names(['/../a.txt']), [['a.txt']]);
});

test('.dockerignore: left out, and let in again', async () => {
  const all = (await names(['.'], 'node_modules\n*.md\n'))[0] ?? [];
  assert.ok(
    all.includes('a.txt') && !all.includes('c.md') && !all.some((name) => name.startsWith('node_modules')),
  );
  const some = (await names(['.'], 'node_modules\n!node_modules/x/keep.js\n'))[0] ?? [];
  assert.deepEqual(
    some.filter((name) => name.startsWith('node_modules')),
    ['node_modules/x/keep.js'],
  );
  assert.match(
    (await refusal('c.md', '*.md')).message,
    /file not found in build context or excluded by .dockerignore: stat c.md: file does not exist/,
  );
});

test('missing, forbidden, and nothing that matches', async () => {
  assert.equal(
    (await refusal('nope/x')).message,
    'COPY failed: file not found in build context or excluded by .dockerignore: stat nope/x: file does not exist',
  );
  const climbing = await refusal('../x');
  assert.equal(climbing.kind, 'forbidden');
  assert.match(climbing.message, /forbidden path outside the build context: \.\.\/x$/);
  assert.match((await refusal('a/../../x')).message, /forbidden path outside/);
  assert.deepEqual(await names(['*.zip', 'a.t*']), [['a.txt']]);
});

test('links never lead out of the context', async () => {
  for (const name of ['absolute', 'climbing']) assert.match((await refusal(name)).message, /file not found/);
  assert.match((await refusal('loop')).message, /too many levels/);
});

test('a fingerprint tells content and mode, not time', async () => {
  const [source] = await findSources({ keyword: 'COPY', tree: tree() }, ['a.txt']);
  const entry = source?.entries[0];
  assert.ok(entry);
  const first = await fingerprint(tree(), entry);
  assert.match(first, /^f 644 [0-9a-f]{64}$/);
  assert.equal(await fingerprint({ ...tree(), knownDigest: () => 'abc' }, entry), 'f 644 abc');
});

test('property: whatever the path, what it resolves to is inside the root', () => {
  const part = fc.constantFrom('..', '.', '', 'src', 'link', 'absolute', 'climbing', 'deep', 'a.txt', 'nope');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const found = resolveInRoot(root, parts.join('/'));
      assert.ok(found === root || found.startsWith(`${root}/`), found);
    }),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(fc.string(), (text) =>
      assert.ok(cleanPath(text).startsWith('/') && !cleanPath(text).includes('/../')),
    ),
  );
});
