// Builds and runs while everything unused is pruned and removed again and again: what is in use stays, what ends is whole.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type EngineUnderTest, runWell, startEngine } from './engine-under-test.ts';

let engine: EngineUnderTest;
before(async () => {
  engine = await startEngine();
  await good(['pull', '-q', 'busybox']);
});
after(async () => {
  await engine?.[Symbol.asyncDispose]();
});

const good = (args: string[]): Promise<string> => runWell(engine, args);

/** Asks the engine for this again and again while the work goes on; each answer must be sound. */
async function beside(
  path: readonly (readonly [string, string])[],
  work: () => Promise<void>,
): Promise<void> {
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      for (const [method, asked] of path) {
        const { status, text } = await engine.call(method, asked);
        assert.ok(status < 500, `${method} ${asked}: ${status} ${text}`);
      }
    }
  })();
  try {
    await work();
  } finally {
    isOver = true;
    await asking;
  }
}

const everything = encodeURIComponent('{"dangling":["false"]}');

test('builds stand on what a prune would take, and end well', async () => {
  const context = join(engine.folder, 'context');
  mkdirSync(context);
  writeFileSync(join(context, 'f'), 'copied\n');
  const lines = [
    'FROM busybox',
    'ARG N',
    'RUN echo $N > /n',
    'RUN cat /n > /m',
    'COPY f /f',
    'CMD ["cat", "/m", "/f"]',
  ];
  writeFileSync(join(context, 'Dockerfile'), lines.join('\n'));
  // Holds the base, which nobody could fetch again otherwise.
  await good(['create', '--name', 'holder', 'busybox', 'true']);
  const prunes = [
    ['POST', `/images/prune?filters=${everything}`],
    ['POST', '/build/prune?all=1'],
  ] as const;
  await beside(prunes, async () => {
    for (let n = 0; n < 6; n++)
      await good(['build', '-q', '--build-arg', `N=${n}`, '-t', `made:${n}`, context]);
  });
  await good(['build', '-q', '--build-arg', 'N=9', '-t', 'made:9', context]);
  assert.equal(await good(['run', '--rm', 'made:9']), '9\ncopied');
});

test('a container that is made of an image that goes has all of it, or is refused', async () => {
  await good(['create', '--name', 'keeper', 'made:9', 'true']);
  let [ran, refused] = [0, 0];
  await beside([['DELETE', '/images/racer:1?force=1']], async () => {
    for (let turn = 0; turn < 12; turn++) {
      await engine.call('POST', '/images/made:9/tag?repo=racer&tag=1');
      const { code, stdout, stderr } = await engine.wharf(['run', '--rm', '--pull', 'never', 'racer:1']);
      if (code === 0) assert.equal(stdout, '9\ncopied\n');
      else assert.match(stderr, /No such image: racer:1/);
      if (code === 0) ran++;
      else refused++;
    }
  });
  assert.equal(ran + refused, 12);
  assert.equal(await good(['run', '--rm', 'made:9']), '9\ncopied');
});
