// Build contexts: what goes along, what .dockerignore leaves out, where the Dockerfile is; and safe unpacking.
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { extract, pack } from 'tar-stream';
import { openContext } from './context.ts';
import { unpackTar } from './unpack.ts';

async function entriesOf(tar: Readable): Promise<Map<string, { type: string; text: string }>> {
  const reader = extract();
  tar.on('error', (thrown) => reader.destroy(thrown));
  tar.pipe(reader);
  const found = new Map<string, { type: string; text: string }>();
  for await (const entry of reader) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(Buffer.from(chunk as Uint8Array));
    found.set(entry.header.name, { type: entry.header.type, text: Buffer.concat(chunks).toString() });
  }
  return found;
}

async function inFolder(files: Record<string, string>, body: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'wharf-context-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(dir, name, '..'), { recursive: true });
      writeFileSync(join(dir, name), text);
    }
    await body(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

test('.dockerignore leaves out, exceptions come back, the Dockerfile always goes along', async () => {
  const files = {
    Dockerfile: 'FROM x',
    '.dockerignore': 'node_modules\n*.log\nDockerfile\nkeep\n!keep/this\n',
    'a.log': '',
    'node_modules/x/y': '',
    'keep/this': '1',
    'keep/that': '2',
    'src/app.py': 'app',
  };
  await inFolder(files, async (dir) => {
    symlinkSync('src/app.py', join(dir, 'link'));
    const { tar, dockerfile } = openContext({ path: dir, file: undefined });
    const entries = await entriesOf(await tar());
    assert.equal(dockerfile, 'Dockerfile');
    assert.deepEqual(
      [...entries.keys()],
      ['.dockerignore', 'Dockerfile', 'keep/this', 'link', 'src/', 'src/app.py'],
    );
    assert.equal(entries.get('link')?.type, 'symlink');
    assert.equal(entries.get('src/app.py')?.text, 'app');
  });
});

test('a Dockerfile from elsewhere goes along under a name of its own', async () => {
  await inFolder({ 'ctx/a': '1', 'other/My.Dockerfile': 'FROM y' }, async (dir) => {
    const { tar, dockerfile } = openContext({
      path: join(dir, 'ctx'),
      file: join(dir, 'other/My.Dockerfile'),
    });
    assert.match(dockerfile, /^\.dockerfile\.[0-9a-f]{20}$/);
    assert.equal((await entriesOf(await tar())).get(dockerfile)?.text, 'FROM y');
    assert.throws(
      () => openContext({ path: join(dir, 'ctx'), file: undefined }),
      /lstat .*Dockerfile: no such file or directory/,
    );
    assert.throws(() => openContext({ path: join(dir, 'none'), file: undefined }), /path ".*none" not found/);
    assert.throws(
      () => openContext({ path: join(dir, 'ctx/a'), file: undefined }),
      /context must be a directory/,
    );
  });
});

test('big files are streamed whole', async () => {
  await inFolder({ Dockerfile: 'FROM x', big: 'x'.repeat(3_000_000) }, async (dir) => {
    const entries = await entriesOf(await openContext({ path: dir, file: undefined }).tar());
    assert.equal(entries.get('big')?.text.length, 3_000_000);
  });
});

test('a tar cannot write outside of its folder', async () => {
  await inFolder({ 'out/keep': 'safe' }, async (dir) => {
    mkdirSync(join(dir, 'in'));
    const tar = pack();
    tar.entry({ name: '../out/keep' }, 'evil');
    tar.entry({ name: 'hole', type: 'symlink', linkname: '../out' });
    tar.entry({ name: 'hole/keep' }, 'evil');
    tar.finalize();
    const unpacking = unpackTar(Readable.from(tar), {
      root: join(dir, 'in'),
      owners: false,
      place: (name) => name,
    });
    await assert.rejects(unpacking, /refusing to write outside/);
    assert.equal(readFileSync(join(dir, 'out/keep'), 'utf8'), 'safe');
    assert.ok(existsSync(join(dir, 'in/out/keep')));
  });
});
