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
  /** Changes it before the first. */
  prepare?: (dir: string) => void;
  failsFirst?: boolean;
  /** Files of the named context `lib` in each build. */
  contexts?: Record<'first' | 'second', Record<string, string>>;
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
const parent = 'its parent changed (COPY app.py other.py /app/: app.py changed (+3 lines))';
const causes: Cause[] = [
  {
    name: 'a file with more lines',
    dockerfile: plain,
    change: (dir) => writeFileSync(join(dir, 'app.py'), '1\na\nb\nc\n'),
    causes: ['app.py changed (+3 lines)', parent],
  },
  {
    name: 'a file of a folder that is copied to another name',
    dockerfile: 'FROM busybox\nWORKDIR /w\nCOPY . src\n',
    change: (dir) => writeFileSync(join(dir, 'app.py'), '2\n'),
    causes: ['app.py changed (+1 -1 lines)'],
  },
  {
    name: 'a file that is no text',
    dockerfile: 'FROM busybox\nCOPY app.py /x\n',
    change: (dir) => writeFileSync(join(dir, 'app.py'), '1\0'),
    causes: ['app.py changed'],
  },
  {
    name: 'one file more that a pattern matches',
    dockerfile: 'FROM busybox\nCOPY *.py /p/\n',
    change: (dir) => writeFileSync(join(dir, 'b.py'), 'b'),
    causes: ['b.py is new'],
  },
  {
    name: 'an owner',
    dockerfile:
      'FROM busybox AS own\nARG BY=1:1\nRUN echo o > /o && chown $BY /o && touch -d @5 /o\nFROM busybox\nCOPY --from=own /o /o\n',
    second: { buildArgs: { BY: '2:2' } },
    causes: ['ARG BY is 2:2, was 1:1', 'the owner of o changed'],
  },
  {
    name: 'a flag of COPY',
    dockerfile: 'FROM busybox\nCOPY app.py /\n',
    next: 'FROM busybox\nCOPY --chown=1:1 app.py /\n',
    causes: ['the instruction was COPY app.py /'],
  },
  {
    name: 'a variable',
    dockerfile: 'FROM busybox\nENV PORT=80\nRUN echo $PORT\n',
    next: 'FROM busybox\nENV PORT=81\nRUN echo $PORT\n',
    causes: [
      'the instruction was ENV PORT=80',
      'its parent changed (ENV PORT=81: the instruction was ENV PORT=80)',
    ],
  },
  {
    name: 'a secret that a step is given',
    dockerfile: 'FROM busybox\nRUN echo secretly\n',
    next: 'FROM busybox\nRUN --mount=type=secret,id=s echo secretly\n',
    causes: ['the instruction was RUN echo secretly'],
  },
  {
    name: 'a file left out by .dockerignore',
    dockerfile: 'FROM busybox\nCOPY . /c\n',
    change: (dir) => writeFileSync(join(dir, '.dockerignore'), '.dockerignore\nother.*\n'),
    causes: ['other.py is left out by .dockerignore now'],
  },
  {
    name: 'a file no longer left out',
    dockerfile: 'FROM busybox\nCOPY . /d2\n',
    prepare: (dir) => writeFileSync(join(dir, '.dockerignore'), '.dockerignore\nother.*\n'),
    change: (dir) => writeFileSync(join(dir, '.dockerignore'), '.dockerignore\n'),
    causes: ['other.py is no longer left out by .dockerignore'],
  },
  {
    name: 'a stage that the target before did not need',
    dockerfile:
      'FROM busybox AS one\nRUN echo t1\nFROM busybox AS two\nRUN echo t2 > /t2\nFROM one\nCOPY --from=two /t2 /\n',
    first: { target: 'one' },
    causes: ['its stage was not part of the build before', 'its stage was not part of the build before'],
  },
  {
    name: 'a step that failed',
    dockerfile:
      'FROM busybox\nCOPY app.py /\nRUN test -e /given; test -e /app.py && test "$(cat /app.py)" = 2\n',
    failsFirst: true,
    change: (dir) => writeFileSync(join(dir, 'app.py'), '2'),
    causes: [
      'app.py changed (+1 -1 lines)',
      'its parent changed (COPY app.py /: app.py changed (+1 -1 lines))',
    ],
  },
  {
    name: 'a file of a further context',
    dockerfile: 'FROM busybox\nCOPY --from=lib lib.py /l\n',
    contexts: { first: { 'lib.py': 'x\n' }, second: { 'lib.py': 'x\ny\n' } },
    causes: ['lib.py changed (+1 line)'],
  },
  {
    name: 'two files',
    dockerfile: 'FROM busybox\nCOPY . /app/\n',
    change: (dir) => {
      writeFileSync(join(dir, 'app.py'), '2');
      writeFileSync(join(dir, 'new'), '2');
      unlinkSync(join(dir, 'other.py'));
    },
    causes: ['app.py changed (+1 -1 lines), new is new, other.py is gone'],
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
      'app.py changed (+1 -1 lines)',
      'COPY app.py /: app.py changed (+1 -1 lines)',
      'its parent changed (COPY app.py /: app.py changed (+1 -1 lines))',
    ],
  },
  {
    name: 'a file copied from another stage',
    dockerfile: 'FROM busybox AS one\nCOPY app.py /in/\nFROM busybox\nCOPY --from=one /in /out\n',
    change: (dir) => writeFileSync(join(dir, 'app.py'), '4'),
    causes: ['app.py changed (+1 -1 lines)', 'app.py changed (+1 -1 lines)'],
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
    const contexts = (which: 'first' | 'second'): Request =>
      each.contexts === undefined ? {} : { contexts: { lib: { dir: lab.context(each.contexts[which]) } } };
    each.prepare?.(dir);
    if (each.first?.files !== undefined) ok(await lab.run(each.first));
    const request = each.first?.files === undefined ? each.first : {};
    const first = await lab.run({ ...request, ...contexts('first'), context: { dir }, tags });
    assert.equal(first.error !== undefined, each.failsFirst ?? false, String(first.error));
    await each.between?.();
    each.change?.(dir);
    if (each.next !== undefined) writeFileSync(join(dir, 'Dockerfile'), each.next);
    const second = await lab.run({ ...each.second, ...contexts('second'), context: { dir }, tags });
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
