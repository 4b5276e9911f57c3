// Contexts by content: only what is missing is asked for, the layers are those of any other way, and memory stays flat.
import assert from 'node:assert/strict';
import { createHash, hash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { extract, pack } from 'tar-stream';
import { openFolder } from '#cli/files/context.ts';
import { indexContext } from '#cli/files/context-index.ts';
import { sendFolders } from '#cli/files/send-context.ts';
import { everything } from '#cli/files/walk.ts';
import { type BuildLab, openBuildLab } from './build-room.ts';

let lab: BuildLab;
before(async () => {
  lab = await openBuildLab();
});
after(async () => {
  await lab[Symbol.asyncDispose]();
});

const indexOf = (dir: string, cacheDir?: string) =>
  indexContext({ root: dir, walk: everything, extra: [], cacheDir });

/** Sends what is missing of a folder; gives the context's id and how many files that were. */
async function send(dir: string, cacheDir?: string): Promise<{ id: string; sent: number }> {
  const index = await indexOf(dir, cacheDir);
  const { id, missing } = lab.build.offerContext(await index.bytes());
  assert.equal(id, index.id);
  if (missing.length > 0) await lab.build.fillContext(id, await index.send(missing));
  return { id, sent: missing.length };
}

const files = {
  Dockerfile:
    'FROM busybox\nCOPY . /app/\nWORKDIR /w\nCOPY d /w\nCOPY --chmod=600 --chown=7:8 a /own/\nCOPY a b /two/\n',
  a: 'same',
  b: 'same',
  'd/e/c': 'c',
  'd/link': '@e/c',
  empty: '',
};

test('only files that changed are asked for', async () => {
  const dir = lab.context(files);
  assert.equal((await send(dir)).sent, 4);
  assert.equal((await send(dir)).sent, 0);
  writeFileSync(join(dir, 'd/e/c'), 'changed');
  const { id, sent } = await send(dir);
  assert.equal(sent, 1);
  assert.equal((await lab.run({ context: { stored: id } })).error, undefined);
});

test('the layers are those of a build from the folder, whatever the store shares', async () => {
  const dir = lab.context(files);
  const { id } = await send(dir);
  const one = await lab.run({ context: { stored: id }, noCache: true });
  const again = await lab.run({ context: { stored: id }, noCache: true });
  const epoch = { buildArgs: { SOURCE_DATE_EPOCH: '1600000000' }, noCache: true };
  const [clamped, other] = [
    await lab.run({ context: { stored: id }, ...epoch }),
    await lab.run({ context: { dir }, ...epoch }),
  ];
  assert.ok(one.image && again.image && clamped.image && other.image, String(one.error ?? other.error));
  assert.deepEqual(one.image.config.rootfs, again.image.config.rootfs);
  assert.equal(clamped.image.id, other.image.id);
  const listed = lab.files(one.image);
  assert.equal(listed['own/a'], 'f 600 7:8');
  assert.equal(listed['app/d/link'], 'l 777 0:0 e/c');
});

test('named contexts go as the context does: only what changed, without what they ignore', async () => {
  const dir = lab.context({ one: '1', two: '2', left: 'out', '.dockerignore': 'left\n' });
  const other = lab.context({ three: '3' });
  const env = { XDG_CACHE_HOME: mkdtempSync(join(lab.dir, 'cache-')) };
  const build = async (): Promise<{ sent: number; text: string }> => {
    let sent = 0;
    const builds = {
      offerContext: async (index: Buffer) => lab.build.offerContext(index),
      sendFiles: async (id: string, tar: Readable) => {
        const names = tar.pipe(extract());
        const again = pack();
        for await (const entry of names) {
          sent += 1;
          again.entry({ name: entry.header.name }, await buffer(entry));
        }
        again.finalize();
        await lab.build.fillContext(id, Readable.from(again));
      },
    };
    const folders = { lib: openFolder(dir), more: openFolder(other) };
    const session = await sendFolders(folders, { builds, env }, async (ids) =>
      lab.build.openSession({
        contexts: Object.fromEntries(Object.entries(ids).map(([name, stored]) => [name, { stored }])),
      }),
    );
    const dockerfile = 'FROM lib\nCOPY --from=more . /more/\n';
    const { image, error } = await lab.run({ files: { Dockerfile: dockerfile }, session });
    assert.ok(image, String(error));
    const found = lab.files(image);
    assert.equal(found['left'], undefined);
    assert.equal(lab.text(image, 'more/three'), '3');
    return { sent, text: lab.text(image, 'one') };
  };
  assert.deepEqual(await build(), { sent: 4, text: '1' });
  assert.deepEqual(await build(), { sent: 0, text: '1' });
  writeFileSync(join(dir, 'one'), 'changed just now');
  assert.deepEqual(await build(), { sent: 1, text: 'changed just now' });
  await lab.build.prune({ all: true });
  assert.deepEqual(await build(), { sent: 4, text: 'changed just now' });
});

test('an edit is seen, also one of the same size in the same moment', async () => {
  const dir = lab.context({ a: '1' });
  const cacheDir = mkdtempSync(join(lab.dir, 'cache-'));
  const ids = new Set<string>();
  for (const content of ['1', '2', '3', '4']) {
    writeFileSync(join(dir, 'a'), content);
    const index = await indexOf(dir, cacheDir);
    const bytes = (await index.bytes()).toString();
    assert.ok(bytes.includes(hash('sha256', content)), bytes);
    ids.add(index.id);
  }
  assert.equal(ids.size, 4);
});

test('content that is another one is refused, and a context that is not here makes no build', async () => {
  const dir = lab.context({ Dockerfile: 'FROM scratch\n', x: 'never sent before' });
  const { id, missing } = lab.build.offerContext(await (await indexOf(dir)).bytes());
  const wrong = pack();
  wrong.entry({ name: missing[0] ?? '' }, 'something else');
  wrong.finalize();
  await assert.rejects(lab.build.fillContext(id, Readable.from(wrong)), /changed while it was sent/);
  const before = lab.build.history.list().length;
  const { error } = await lab.run({ context: { stored: id } });
  assert.match(String(error), /build context [0-9a-f]{64} is not here/);
  assert.equal(lab.build.history.list().length, before);
  const climbing = { version: 1, entries: [['f', '../x', 420, 0, 0, hash('sha256', '')]] };
  const bad = [
    '',
    '{}',
    '{"version":1,"entries":[["f","a"]]}',
    '{"version":2,"entries":[]}',
    JSON.stringify(climbing),
  ];
  for (const text of bad)
    assert.throws(() => lab.build.offerContext(Buffer.from(text)), /index of a build context|leads outside/);
  await assert.rejects(lab.build.fillContext('../../etc', Readable.from([])), /was not offered/);
});

test('what a client offered or sent a moment ago is not pruned before it builds from it', async () => {
  const dir = lab.context({ Dockerfile: 'FROM scratch\nCOPY . /offered\n', one: 'offered and pruned' });
  const index = await indexOf(dir);
  const { id, missing } = lab.build.offerContext(await index.bytes());
  await lab.build.prune();
  await lab.build.fillContext(id, await index.send(missing));
  await lab.build.prune();
  const { image, error } = await lab.run({ context: { stored: id } });
  assert.ok(image, String(error));
  await lab.build.prune();
  assert.equal((await send(dir)).sent, missing.length);
});

test('pruned, what was built from is gone, and layers keep the files that they shared', async () => {
  const dir = lab.context({ Dockerfile: 'FROM scratch\nCOPY . /all\n', 'one/two': 'kept' });
  const { id } = await send(dir);
  const { image } = await lab.run({ context: { stored: id } });
  await lab.build.prune();
  assert.ok(!readdirSync(join(lab.dir, 'root/build/contexts/indexes')).includes(id));
  assert.ok(image);
  assert.ok(existsSync(join(lab.snapshots.lowersOf(image.chainId)[0] ?? '', 'all/one/two')));
  assert.equal((await send(dir)).sent, 2);
});

const bigBytes = 384 * 2 ** 20;

/** A tar of one big file, made as it is read, behind a small one where that is given. */
function bigTar(name: string, first?: { name: string; text: string }): Readable {
  const tar = pack();
  const block = Buffer.alloc(1 << 20, 7);
  if (first !== undefined) tar.entry({ name: first.name }, first.text);
  const entry = tar.entry({ name, size: bigBytes });
  let left = bigBytes;
  const write = (): void => {
    while (left > 0) {
      left -= block.length;
      if (!entry.write(block)) {
        entry.once('drain', write);
        return;
      }
    }
    entry.end(undefined);
    tar.finalize();
  };
  write();
  return Readable.from(tar);
}

/** How much more memory the process held meanwhile, at most. */
async function growthOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 20);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return most - before;
}

test('a big context takes no more memory than a small one, as a tar and by content', {
  timeout: 180_000,
}, async () => {
  const text = 'FROM scratch\nCOPY big /\n';
  await lab.run({ files: { Dockerfile: 'FROM scratch\nCOPY x /\n', x: 'x' } });
  const grown = await growthOf(async () => {
    const { error } = await lab.run({ context: bigTar('big', { name: 'Dockerfile', text }) });
    assert.equal(error, undefined);
  });
  assert.ok(grown < bigBytes / 3, `a tar: ${grown} bytes more`);
  const sum = createHash('sha256');
  const block = Buffer.alloc(1 << 20, 7);
  for (let at = 0; at < bigBytes; at += block.length) sum.update(block);
  const digest = sum.digest('hex');
  const entries = [
    ['f', 'Dockerfile', 420, 0, text.length, hash('sha256', text)],
    ['f', 'big', 420, 0, bigBytes, digest],
  ];
  const { id, missing } = lab.build.offerContext(Buffer.from(JSON.stringify({ version: 1, entries })));
  assert.equal(missing.length, 2);
  const byContent = await growthOf(async () => {
    const small = pack();
    small.entry({ name: hash('sha256', text) }, text);
    small.finalize();
    await assert.rejects(lab.build.fillContext(id, Readable.from(small)), /still missing/);
    await lab.build.fillContext(id, bigTar(digest));
    const { error } = await lab.run({ context: { stored: id }, noCache: true });
    assert.equal(error, undefined);
  });
  assert.ok(byContent < bigBytes / 3, `by content: ${byContent} bytes more`);
});
