// The build cache on the real kernel: what hits, what misses, determinism, restarts, pruning.
import assert from 'node:assert/strict';
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type BuildLab, type Outcome, openBuildLab } from './build-room.ts';

let lab: BuildLab;
before(async () => {
  lab = await openBuildLab();
});
after(async () => {
  await lab[Symbol.asyncDispose]();
});

const hits = (outcome: Outcome): number => outcome.output.split('Using cache').length - 1;
const dockerfile =
  'FROM busybox\nARG V=1\nCOPY a /a\nRUN cat /proc/sys/kernel/random/uuid > /r\nENV X=y\nCOPY b /b\n';
const files = { Dockerfile: dockerfile, a: 'a', b: 'b' };

test('all cached: the same image; one file changed: from there on', async () => {
  const first = await lab.run({ files });
  assert.equal(hits(first), 0);
  const again = await lab.run({ files });
  assert.equal(hits(again), 5);
  assert.equal(again.image?.id, first.image?.id);
  const changed = await lab.run({ files: { ...files, b: 'B' } });
  assert.equal(hits(changed), 4);
  assert.notEqual(changed.image?.id, first.image?.id);
  assert.equal(hits(await lab.run({ files: { ...files, a: 'A' } })), 1);
});

test('time and folder of the context do not count, mode and content do', async () => {
  const dir = lab.context(files);
  await lab.run({ context: { dir } });
  utimesSync(join(dir, 'a'), 1, 1);
  assert.equal(hits(await lab.run({ context: { dir } })), 5);
  writeFileSync(join(dir, 'a'), 'x', { mode: 0o600 });
  assert.equal(hits(await lab.run({ context: { dir } })), 1);
});

test('a changed ARG counts at the first RUN, not before', async () => {
  const outcome = await lab.run({ files, buildArgs: { V: '2' } });
  assert.equal(hits(outcome), 2);
});

test('--no-cache runs everything, and what comes after is its result', async () => {
  const before = await lab.run({ files });
  const fresh = await lab.run({ files, noCache: true });
  assert.equal(hits(fresh), 0);
  assert.notEqual(fresh.image?.chainId, before.image?.chainId);
  const after = await lab.run({ files });
  assert.equal(hits(after), 5);
  assert.equal(after.image?.chainId, fresh.image?.chainId);
});

test('without RUN the layers are the same in another folder at another time', async () => {
  const text = 'FROM busybox\nWORKDIR /w/x\nCOPY . .\nCOPY a /etc/a\nCOPY d /deep/er/\n';
  const make = async (): Promise<Outcome> => {
    const dir = lab.context({ Dockerfile: text, a: 'a', 'd/e/f': 'f' });
    for (const path of ['Dockerfile', 'a', 'd/e/f', 'd/e', 'd'])
      utimesSync(join(dir, path), 1_600_000_000, 1_600_000_000);
    return await lab.run({ context: { dir }, noCache: true });
  };
  const one = await make();
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const two = await make();
  assert.ok(one.image && two.image, String(one.error ?? two.error));
  assert.deepEqual(one.image.config.rootfs, two.image.config.rootfs);
});

test('SOURCE_DATE_EPOCH: the whole image is the same, with a RUN too', async () => {
  const text = 'FROM busybox\nRUN mkdir /x && echo hi > /x/y\nCOPY a /a\nCMD ["x"]\n';
  const make = async (): Promise<Outcome> =>
    await lab.run({
      files: { Dockerfile: text, a: 'a' },
      noCache: true,
      buildArgs: { SOURCE_DATE_EPOCH: '1700000000' },
    });
  const one = await make();
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const two = await make();
  assert.ok(one.image && two.image, String(one.error ?? two.error));
  assert.equal(one.image.id, two.image.id);
  assert.equal(one.image.config.created, '2023-11-14T22:13:20.000000000Z');
});

test('the same step asked for by two builds at once runs once', async () => {
  const text = { Dockerfile: 'FROM busybox\nRUN sleep 0.4; cat /proc/sys/kernel/random/uuid > /r\n' };
  const [one, two] = await Promise.all([
    lab.run({ files: text, tags: ['once:1'] }),
    lab.run({ files: text, tags: ['once:2'] }),
  ]);
  assert.ok(one?.image && two?.image);
  const waits = ['once:1', 'once:2'].flatMap((tag) =>
    lab.build.history.page(tag).timeline.flatMap((step) => step.waits ?? []),
  );
  assert.deepEqual(
    waits.map((wait) => wait.for),
    ['another build'],
  );
  assert.equal(one.image.id, two.image.id);
  assert.equal(hits(one) + hits(two), 1);
});

test('the preimage of a key names each file and argument', async () => {
  await lab.run({ files, buildArgs: { V: '7' } });
  const preimages = lab.state
    .collection<{ instruction: string; files?: object; args?: object }>('build-preimages')
    .all();
  const run = preimages.find(({ value }) => value.instruction.startsWith('RUN |1 V=7'));
  assert.deepEqual(run?.value.args, { V: '7' });
  const copy = preimages.find(({ value }) => value.instruction === 'COPY b /b # buildkit');
  assert.deepEqual(Object.keys(copy?.value.files ?? {}), ['0:b']);
});

test('prune takes what no image needs, then all', async () => {
  const { image } = await lab.run({
    files: { Dockerfile: 'FROM busybox\nRUN touch /pruned\nRUN touch /two\n' },
  });
  assert.ok(image);
  await lab.images.remove(image.id, { force: true });
  const used = lab.build.cacheUsage();
  assert.ok(used.some((entry) => entry.Description.includes('touch /pruned')));
  const pruned = await lab.build.prune();
  assert.ok(pruned.CachesDeleted.length > 0);
  assert.ok(!lab.build.cacheUsage().some((entry) => entry.Description.includes('touch /pruned')));
  await lab.build.prune({ all: true });
  assert.deepEqual(lab.build.cacheUsage(), []);
  assert.equal(hits(await lab.run({ files })), 0);
});
