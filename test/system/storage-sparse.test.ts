// Files with holes in archives: in all the forms that GNU tar writes, and in the one that is written here.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { EngineError } from '#shared/errors.ts';
import { extractContext, extractTree, packTree, unpackLayer } from '#storage/archive/archive.ts';

const root = mkdtempSync(join(tmpdir(), 'wharf-storage-sparse-'));
after(() => rmSync(root, { recursive: true, force: true }));
let count = 0;

function folder(): string {
  const dir = join(root, String(++count));
  mkdirSync(dir);
  return dir;
}

const mebi = 1 << 20;

/** Bytes at these places, holes between them. */
function sparseFile(path: string, size: number, places: number[]): void {
  const fd = openSync(path, 'w');
  for (const at of places) writeSync(fd, `at ${at}`, at);
  ftruncateSync(fd, size);
  closeSync(fd);
}

const from = folder();
mkdirSync(join(from, 'sub'));
sparseFile(join(from, 'empty'), 3 * mebi, []);
sparseFile(join(from, 'first'), 5 * mebi, [0]);
sparseFile(join(from, 'last'), 5 * mebi, [5 * mebi - 20]);
// More parts than the first block of any form has room for.
const many = Array.from({ length: 70 }, (_, index) => index * mebi);
sparseFile(join(from, 'sub/many'), 80 * mebi + 7, many);
sparseFile(join(from, 'sub', 'ä'.repeat(70)), mebi + 1, [mebi / 2]);
writeFileSync(join(from, 'whole'), 'whole\n');
const names = ['empty', 'first', 'last', 'sub/many', `sub/${'ä'.repeat(70)}`, 'whole'];

const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

function assertSame(to: string): void {
  assert.deepEqual(
    readdirSync(to, { recursive: true }).sort(),
    readdirSync(from, { recursive: true }).sort(),
  );
  for (const name of names) {
    assert.equal(digest(join(to, name)), digest(join(from, name)), name);
    const { blocks, size } = statSync(join(to, name));
    if (name !== 'whole') assert.ok(blocks * 512 < size / 1.5, `${name}: ${blocks} blocks`);
  }
}

const forms = {
  'GNU’s own': ['--format=gnu'],
  'pax 0.0': ['--format=pax', '--sparse-version=0.0'],
  'pax 0.1': ['--format=pax', '--sparse-version=0.1'],
  'pax 1.0': ['--format=pax', '--sparse-version=1.0'],
};

for (const [form, options] of Object.entries(forms)) {
  test(`what GNU tar writes is read: ${form}`, async () => {
    const args = ['-C', from, '-S', ...options, '-cf', '-', '.'];
    const tar = execFileSync('tar', args, { maxBuffer: 16 * mebi });
    assert.ok(tar.length < 4 * mebi, 'the archive has no holes');
    const tree = folder();
    await extractTree({ stream: Readable.from([tar]), root: tree, into: '/' });
    assertSame(tree);
    const layer = folder();
    const blob = join(root, 'layer.tar');
    writeFileSync(blob, tar);
    await unpackLayer({ blob, target: layer });
    assertSame(layer);
    const context = folder();
    const { files } = await extractContext({ stream: Readable.from([tar]), target: context });
    assertSame(context);
    for (const name of names)
      assert.equal(files.get(name)?.digest, `sha256:${digest(join(from, name))}`, name);
  });
}

test('what is written here has its holes, for GNU tar and for ourselves', async () => {
  const tar = await buffer(packTree({ root: from, path: '/', rebase: '', keepHoles: true }));
  assert.ok(tar.length < 4 * mebi, String(tar.length));
  const theirs = folder();
  execFileSync('tar', ['-C', theirs, '-xf', '-'], { input: tar });
  assertSame(theirs);
  const ours = folder();
  await extractTree({ stream: Readable.from([tar]), root: ours, into: '/' });
  assertSame(ours);
  const plain = await buffer(packTree({ root: from, path: '/', rebase: '' }));
  assert.ok(plain.length > 90 * mebi, 'who did not ask gets what every reader knows');
});

test('maps that make no sense are refused', async () => {
  const good = await buffer(packTree({ root: from, path: '/first', keepHoles: true }));
  const at = good.indexOf('\n0\n');
  assert.ok(at > 0);
  const maps = [
    '2\n0\n99999999999999999\n',
    '2\n0\n-4096\n1\n1\n',
    '2\nx\n1\n1\n1\n',
    '9999999999\n',
    '\n\n\n\n',
    '7',
  ];
  for (const map of maps) {
    const bad = Buffer.from(good);
    bad.fill(0, at - 1, at + 20);
    bad.write(map, at - 1);
    const to = folder();
    await assert.rejects(
      extractTree({ stream: Readable.from([bad]), root: to, into: '/' }),
      (thrown) => {
        assert.ok(thrown instanceof EngineError && thrown.kind === 'invalid', String(thrown));
        return true;
      },
      map,
    );
  }
});
