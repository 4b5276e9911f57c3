// Why a step ran again: scripted changes between two builds, each with the first cause in words.
import assert from 'node:assert/strict';
import { chmodSync, cpSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
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

type Request = Parameters<BuildLab['run']>[0];

interface Cause {
  name: string;
  dockerfile: string;
  /** Changes the context between the builds. */
  change?: (dir: string) => void;
  /** The Dockerfile of the second build. */
  next?: string;
  first?: Request;
  second?: Request;
  /** Between the builds. */
  between?: () => Promise<unknown>;
  /** Every cause of the second build, in order. */
  causes: string[];
}

const plain = 'FROM busybox\nCOPY app.py other.py /app/\nRUN true\n';
const parent = 'its parent changed (COPY app.py other.py /app/: app.py changed)';
const causes: Cause[] = [
  {
    name: 'a file',
    dockerfile: plain,
    change: (dir) => writeFileSync(join(dir, 'app.py'), '2'),
    causes: ['app.py changed', parent],
  },
  {
    name: 'two files',
    dockerfile: 'FROM busybox\nCOPY . /app/\n',
    change: (dir) => {
      writeFileSync(join(dir, 'app.py'), '2');
      writeFileSync(join(dir, 'new'), '2');
      unlinkSync(join(dir, 'other.py'));
    },
    causes: ['app.py changed, new is new, other.py is gone'],
  },
  {
    name: 'a mode',
    dockerfile: 'FROM busybox\nCOPY app.py /\n',
    change: (dir) => chmodSync(join(dir, 'app.py'), 0o755),
    causes: ['the mode of app.py is 755, was 644'],
  },
  {
    name: 'a link',
    dockerfile: 'FROM busybox\nCOPY . /d\n',
    change: (dir) => {
      unlinkSync(join(dir, 'link'));
      symlinkSync('other.py', join(dir, 'link'));
    },
    causes: ['the link link leads to other.py, was app.py'],
  },
  {
    name: 'a build argument in a RUN',
    dockerfile: 'FROM busybox\nARG VERSION=1\nRUN echo $VERSION\n',
    second: { buildArgs: { VERSION: '2' } },
    causes: ['ARG VERSION is 2, was 1'],
  },
  {
    name: 'a build argument in an ENV',
    dockerfile: 'FROM busybox\nARG V=1\nENV X=$V\n',
    second: { buildArgs: { V: '2' } },
    causes: ['it is ENV X=2, was ENV X=1'],
  },
  {
    name: 'another command',
    dockerfile: 'FROM busybox\nRUN echo one\nRUN echo two\n',
    next: 'FROM busybox\nRUN echo uno\nRUN echo two\n',
    causes: [
      'the instruction was RUN echo one',
      'its parent changed (RUN echo uno: the instruction was RUN echo one)',
    ],
  },
  {
    name: 'a new step before',
    dockerfile: 'FROM busybox\nRUN echo b1\n',
    next: 'FROM busybox\nENV A=1\nRUN echo b1\n',
    causes: ['it is new', 'its parent changed (ENV A=1: it is new)'],
  },
  {
    name: 'a step taken away',
    dockerfile: 'FROM busybox\nENV Q=1\nRUN echo q\n',
    next: 'FROM busybox\nRUN echo q\n',
    causes: ['a removed or changed step before it'],
  },
  {
    name: 'another base image',
    dockerfile: 'FROM busybox\nRUN echo based\n',
    next: 'FROM other:1\nRUN echo based\n',
    first: { files: { Dockerfile: 'FROM busybox\nENV OTHER=1\n' }, tags: ['other:1'] },
    causes: ['the base is other:1, was busybox', 'its parent changed (the base is other:1, was busybox)'],
  },
  {
    name: 'the base image of that name changed',
    dockerfile: 'FROM moving:1\nRUN echo moved\n',
    first: { files: { Dockerfile: 'FROM busybox\nENV OTHER=2\n' }, tags: ['moving:1'] },
    between: async () =>
      await lab.run({ files: { Dockerfile: 'FROM busybox\nENV OTHER=3\n' }, tags: ['moving:1'] }),
    causes: ['base image moving:1 changed', 'its parent changed (base image moving:1 changed)'],
  },
  {
    name: 'a file in the stage before',
    dockerfile: 'FROM busybox AS one\nCOPY app.py /\nFROM one\nRUN echo staged\n',
    change: (dir) => writeFileSync(join(dir, 'app.py'), '3'),
    causes: [
      'app.py changed',
      'COPY app.py /: app.py changed',
      'its parent changed (COPY app.py /: app.py changed)',
    ],
  },
  {
    name: 'a file copied from another stage',
    dockerfile: 'FROM busybox AS one\nCOPY app.py /in/\nFROM busybox\nCOPY --from=one /in /out\n',
    change: (dir) => writeFileSync(join(dir, 'app.py'), '4'),
    causes: ['app.py changed', 'app.py changed'],
  },
  {
    name: 'no cache',
    dockerfile: 'FROM busybox\nRUN echo nc\n',
    second: { noCache: true },
    causes: ['the cache was not to be used'],
  },
  {
    name: 'no cache for one stage',
    dockerfile:
      'FROM busybox AS a\nRUN echo sa\nFROM busybox AS b\nRUN echo sb\nCOPY --from=a /etc/passwd /p\n',
    second: { noCacheStages: ['a'] },
    causes: ['the cache was not to be used'],
  },
  {
    name: 'pruned',
    dockerfile: 'FROM busybox\nRUN echo pruned-away\n',
    between: async () => await lab.build.prune({ all: true }),
    causes: ['it was removed from the cache'],
  },
  {
    name: 'a file of a bind mount',
    dockerfile: 'FROM busybox\nRUN --mount=target=/in,source=app.py cat /in\n',
    change: (dir) => writeFileSync(join(dir, 'app.py'), '5'),
    causes: ['app.py changed'],
  },
  {
    name: 'the epoch',
    dockerfile: 'FROM busybox\nRUN echo epoch\n',
    first: { buildArgs: { SOURCE_DATE_EPOCH: '1' } },
    second: { buildArgs: { SOURCE_DATE_EPOCH: '2' } },
    causes: ['SOURCE_DATE_EPOCH is 2, was 1'],
  },
  { name: 'nothing', dockerfile: 'FROM busybox\nRUN echo same\n', causes: [] },
];

for (const each of causes) {
  test(each.name, { timeout: 20_000 }, async () => {
    const tags = [`why:${each.name.replaceAll(' ', '-')}`];
    const dir = lab.context({ Dockerfile: each.dockerfile, 'app.py': '1', 'other.py': '1', link: '@app.py' });
    const ok = ({ error }: Outcome): void => assert.equal(error, undefined);
    if (each.first?.files !== undefined) ok(await lab.run(each.first));
    ok(await lab.run({ ...(each.first?.files === undefined ? each.first : {}), context: { dir }, tags }));
    await each.between?.();
    each.change?.(dir);
    if (each.next !== undefined) writeFileSync(join(dir, 'Dockerfile'), each.next);
    const second = await lab.run({ ...each.second, context: { dir }, tags });
    ok(second);
    const steps = lab.build.why(tags[0]).steps;
    assert.deepEqual(
      steps.flatMap(({ cause }) => (cause === undefined ? [] : [cause])),
      each.causes,
    );
    for (const { cause, position } of steps) {
      const told = cause === undefined || position === 0 || cause.startsWith('the cache was');
      if (!told) assert.ok(second.output.includes(` ---> Not cached: ${cause}\n`), second.output);
    }
  });
}

test('a build of what was never built', () => {
  assert.throws(() => lab.build.why('never:1'), /no build of never:1 is known/);
});

test('a secret of a session is forgotten, and is nowhere under the root', async () => {
  const value = `hush-${process.pid}-${Date.now()}`;
  const session = lab.build.openSession({ secrets: { key: Buffer.from(value) } });
  const dockerfile =
    'FROM busybox\nRUN --mount=type=secret,id=key --mount=type=secret,id=key,env=KEY test "$(cat /run/secrets/key)" = "$KEY"\n';
  const { error, image, output } = await lab.run({ files: { Dockerfile: dockerfile }, session });
  assert.equal(error, undefined);
  assert.ok(!JSON.stringify(image?.config).includes(value) && !output.includes(value));
  lab.state.collection('build-cache').all();
  const { spawnSync } = await import('node:child_process');
  const copy = join(lab.dir, 'copy');
  cpSync(join(lab.dir, 'root'), copy, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !path.includes('busybox'),
  });
  const found = spawnSync('grep', ['-r', '-l', '-F', value, copy, join(lab.dir, 'run')]);
  assert.equal(found.stdout.toString(), '');
  assert.equal(found.status, 1);
  rmSync(copy, { recursive: true });
  const again = await lab.run({ files: { Dockerfile: dockerfile }, session });
  assert.match(String(again.error?.message), /no such build session/);
});
