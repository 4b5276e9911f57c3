// Steps of builds that are over: their files, what is different between them, and what a failed one leaves.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { type BuildLab, openBuildLab } from './build-room.ts';

let lab: BuildLab;
before(async () => {
  lab = await openBuildLab();
});
after(async () => {
  await lab[Symbol.asyncDispose]();
});

const dockerfile = `FROM busybox AS one
WORKDIR /app
COPY a b /app/
RUN rm a && echo more >> b && mkdir -p d/e && echo new > d/e/f
ENV STAGE=one
FROM one
ARG WHO=you
RUN echo "$WHO $STAGE" > who
`;
const files = { Dockerfile: dockerfile, a: 'a', b: 'b\n' };

test('a build is listed, and its steps are numbered as they were told', async () => {
  const { output, error } = await lab.run({ files, tags: ['steps:1'] });
  assert.equal(error, undefined);
  const [row] = lab.build.history.list();
  assert.equal(row?.subject, 'steps:1');
  assert.equal(row?.status, 'done');
  const { timeline, phases } = lab.build.history.page('steps:1');
  const told = output.split('\n').flatMap((line) => /^Step (\d+)\/8 : (.*)$/.exec(line)?.slice(1, 3) ?? []);
  assert.deepEqual(
    timeline.flatMap(({ number, text }) => [String(number), text]),
    told,
  );
  for (const part of ['context', 'image'])
    assert.ok(
      phases.some(({ name }) => name === part),
      part,
    );
  const [from] = timeline.filter(({ number }) => number === 6);
  assert.equal(from?.waits?.[0]?.for, 'one');
  for (const { startMs, endMs } of timeline) assert.ok(startMs <= endMs);
});

test('the files of a step, and what is different between two', async () => {
  const { history } = lab.build;
  const at3 = await history.files({ step: 3 }, '/app');
  assert.deepEqual(
    at3.map(({ name, kind, sizeBytes }) => [name, kind, sizeBytes]),
    [
      ['a', 'file', 1],
      ['b', 'file', 2],
    ],
  );
  const at4 = await history.files({ build: 'steps:1', step: 4 }, 'app/d/../b');
  assert.deepEqual(
    at4.map(({ name, sizeBytes }) => [name, sizeBytes]),
    [['b', 7]],
  );
  const [link] = await history.files({ step: 1 }, '/bin/../bin/sh');
  assert.equal(link?.name, 'busybox');
  const own = await history.diff({ step: 4 });
  const expected = [
    ['/app/a', 'deleted'],
    ['/app/b', 'changed'],
    ['/app/d', 'added'],
    ['/app/d/e', 'added'],
    ['/app/d/e/f', 'added'],
  ];
  assert.deepEqual(
    own.map(({ path, kind }) => [path, kind]),
    expected,
  );
  const across = await history.diff({ step: 8 }, { step: 3 });
  assert.deepEqual(
    across.map(({ path, kind }) => [path, kind]),
    [...expected, ['/app/who', 'added']],
  );
  const back = await history.diff({ step: 3 }, { step: 8 });
  assert.deepEqual(
    back.map(({ path, kind }) => `${kind} ${path}`),
    ['added /app/a', 'changed /app/b', 'deleted /app/d', 'deleted /app/who'],
  );
  assert.deepEqual(await history.diff({ step: 5 }), []);
  await assert.rejects(history.files({ step: 9 }, '/'), /has no step 9/);
  await assert.rejects(history.files({ step: 3 }, '/none'), /\/none: no such file or directory/);
  await assert.rejects(history.files({ build: 'none', step: 3 }, '/'), /no build of none is known/);
});

test('the image of a step has its files, variables, ARGs and folder', async () => {
  const { Id } = await lab.build.history.image({ build: 'steps:1', step: 8 });
  const image = lab.images.resolve(Id);
  assert.equal(image.config.config?.WorkingDir, '/app');
  assert.ok(image.config.config?.Env?.includes('WHO=you') && image.config.config.Env.includes('STAGE=one'));
  assert.deepEqual(image.config.config.Cmd, ['/bin/sh']);
  assert.ok('app/who' in lab.files(image));
  assert.equal((await lab.build.history.image({ build: 'steps:1', step: 8 })).Id, Id);
  await lab.images.remove(Id, { force: true });
});

const failing = (word: string): string =>
  `FROM busybox\nARG WHO=me\nRUN echo kept > /before\nRUN --mount=type=tmpfs,target=/t echo ${word} > /half; ls /nothing-there\n`;

test('a failed step keeps its files and environment, not mounted', async () => {
  const { error } = await lab.run({ files: { Dockerfile: failing('half') }, tags: ['failing:1'] });
  assert.match(String(error), /returned a non-zero code: 1/);
  assert.match(error?.hint ?? '', /wharf build shell --failed/);
  assert.deepEqual(lab.mountsInside(), []);
  const { history } = lab.build;
  const page = history.page('failing:1');
  assert.equal(page.status, 'failed');
  assert.equal(page.failedStep, 4);
  assert.equal(page.canEnterFailed, true);
  const changes = await history.diff({ step: 'failed' });
  assert.deepEqual(
    changes.map(({ path, kind }) => `${kind} ${path}`),
    ['added /half'],
  );
  const { Id } = await history.image({ step: 'failed' });
  const image = lab.images.resolve(Id);
  assert.ok('half' in lab.files(image) && 'before' in lab.files(image));
  assert.ok(image.config.config?.Env?.includes('WHO=me'));
  await lab.images.remove(Id, { force: true });
  assert.equal((await history.files({ step: 'failed' }, '/half')).length, 1);
});

test('resumed, a build takes what the failed one did even without the cache', async () => {
  const text = (last: string): string =>
    `FROM busybox\nRUN cat /proc/sys/kernel/random/uuid > /first\nRUN ${last}\nRUN echo end\n`;
  const files = { Dockerfile: text('echo ok') };
  await lab.run({ files, tags: ['resumed:1'] });
  await lab.run({ files: { Dockerfile: text('false') }, tags: ['resumed:1'], noCache: true });
  const { id } = lab.build.history.page('resumed:1');
  const { error } = await lab.run({ files, tags: ['resumed:1'], noCache: true, resume: id });
  assert.equal(error, undefined);
  const { timeline } = lab.build.history.page('resumed:1');
  assert.deepEqual(
    timeline.map(({ cached }) => cached),
    [true, true, false, false],
  );
});

test('the last five failed steps are kept, and pruned with the cache', async () => {
  for (let each = 0; each < 6; each++) {
    await lab.run({ files: { Dockerfile: failing(`f${each}`) }, tags: [`failing:f${each}`] });
  }
  const kept = lab.build.history.list().filter(({ canEnterFailed }) => canEnterFailed);
  assert.equal(kept.length, 5);
  const folders = lab.snapshots.ids();
  assert.ok(folders.length <= 5, folders.join());
  assert.equal(lab.build.cacheUsage().filter(({ ID }) => ID.startsWith('failed:')).length, 5);
  await lab.build.prune();
  assert.deepEqual(lab.snapshots.ids(), []);
  assert.ok(lab.build.history.list().every(({ canEnterFailed }) => !canEnterFailed));
  await assert.rejects(lab.build.history.files({ step: 'failed' }, '/'), /no longer kept/);
});

test('after everything is pruned no layer of a build is left but those of images', async () => {
  const { image } = await lab.run({ files: { Dockerfile: 'FROM busybox\nRUN echo a > /a\nRUN false\n' } });
  assert.equal(image, undefined);
  await lab.run({ files: { Dockerfile: 'FROM busybox\nRUN echo a > /a\n' }, noCache: true });
  await lab.build.prune({ all: true });
  const base = lab.images.resolve('busybox').id;
  for (const { id } of lab.images.all()) if (id !== base) await lab.images.remove(id, { force: true });
  await lab.build.prune({ all: true });
  await lab.snapshots.drain();
  const left = lab.snapshots.layers();
  assert.equal(left.length, 1, JSON.stringify(left));
  assert.ok(left.every(({ dir }) => existsSync(dir)));
});
