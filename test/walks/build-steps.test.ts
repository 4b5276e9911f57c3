// A failed build is entered, mended and gone on with; its steps survive the engine, however that ends.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type EngineUnderTest, eventually, hostLines, type Ran, startEngine } from './engine-under-test.ts';

let engine: EngineUnderTest;
let context: string;
before(async () => {
  engine = await startEngine();
  context = join(engine.folder, 'context');
  await mkdir(context);
  assert.equal((await engine.wharf(['pull', 'busybox'])).code, 0);
});
after(async () => {
  await engine?.[Symbol.asyncDispose]();
});

async function good(args: string[], options?: { input?: string; cwd?: string }): Promise<string> {
  const ran = await engine.wharf(args, options);
  assert.equal(ran.code, 0, told(args, ran));
  return ran.stdout;
}

const told = (args: string[], { stdout, stderr }: Ran): string =>
  `wharf ${args.join(' ')}\n${stdout}${stderr}\n${engine.log().slice(-2000)}`;

const dockerfile = `FROM busybox
ARG WHO=me
WORKDIR /app
RUN cat /proc/sys/kernel/random/uuid > first
COPY input ./
RUN echo half > half; export SET=1; test "$(cat input)" = good
RUN echo end > end
`;

test('a failed step is entered as it failed, and the mended build goes on from there', async () => {
  await writeFile(join(context, 'Dockerfile'), dockerfile);
  await writeFile(join(context, 'input'), 'bad');
  const args = ['build', '--no-cache', '-t', 'walk:1', '.'];
  const failed = await engine.wharf(args, { cwd: context });
  assert.equal(failed.code, 1, told(args, failed));
  assert.match(failed.stderr, /wharf build shell --failed/);
  assert.match(await good(['build', 'ls']), /walk:1\s+failed @6\s+6\s+0 /);
  assert.equal(
    await good(['build', 'shell', '--failed', 'sh', '-c', 'cat half input; echo $WHO; pwd']),
    'half\nbadme\n/app\n',
  );
  assert.equal(await good(['build', 'shell', 'walk:1@5'], { input: 'ls\nexit\n' }), 'first\ninput\n');
  const first = await good(['build', 'shell', '@4', 'cat', 'first']);
  const kept = await engine.wharf(['build', 'shell', '@4', 'sh', '-c', 'exit 7']);
  assert.equal(kept.code, 7);
  assert.equal(await good(['images', '-aq', '--filter', 'dangling=true']), '');
  await writeFile(join(context, 'input'), 'good');
  const resumed = await good(['build', 'resume'], { cwd: '/' });
  assert.equal(resumed.split(' ---> Using cache').length - 1, 3, resumed);
  assert.equal(await good(['run', '--rm', 'walk:1', 'sh', '-c', 'cat first']), first);
  const again = await engine.wharf(['build', 'resume']);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /the build of walk:1 did not fail/);
});

test('steps are listed, compared and timed', async () => {
  assert.match(await good(['build', 'ls', 'walk:1']), /^@4\s+0\s+RUN cat .* cached\s/m);
  assert.match(await good(['build', 'ls', '@7:/app']), /^-0644\s+0:0\s+5B .* half$/m);
  assert.equal(await good(['build', 'diff', '@5..@7']), 'A /app/end  4B\nA /app/half  5B\n');
  const timing = await good(['build', 'timing']);
  assert.match(timing, /^walk:1 \([0-9a-f]{12}\): done in .*, 7 steps, 3 cached\n/);
  assert.match(timing, /@4 .* RUN cat .* · cached$/m);
  const page: { timeline: { number: number }[] } = JSON.parse(
    await good(['build', 'timing', '--json', 'walk:1']),
  );
  assert.deepEqual(
    page.timeline.map(({ number }) => number),
    [1, 2, 3, 4, 5, 6, 7],
  );
  for (const wrong of ['@99', 'none@1', 'x']) {
    const ran = await engine.wharf(['build', 'diff', wrong]);
    assert.equal(ran.code, 1, told([wrong], ran));
  }
});

/** A build whose second step runs for five minutes, once it does. */
async function longBuild(tag: string): Promise<{ building: Promise<Ran> }> {
  await writeFile(join(context, 'Dockerfile'), 'FROM busybox\nRUN echo now > /now\nRUN sleep 311.25\n');
  const building = engine.wharf(['build', '-t', tag, context]);
  await eventually('the step to run', async () => (isSleeping() ? true : undefined));
  return { building };
}

test('an engine that is stopped ends its builds first', async () => {
  const { building } = await longBuild('walk:stopped');
  await engine.stop();
  assert.equal(isSleeping(), false);
  assert.notEqual((await building).code, 0);
  await engine.start();
  assert.match(await good(['build', 'ls']), /walk:stopped\s+cancelled/);
});

test('kill -9: in a build, and after one that failed', async () => {
  await writeFile(join(context, 'Dockerfile'), 'FROM busybox\nRUN echo left > /left; false\n');
  assert.equal((await engine.wharf(['build', '-t', 'walk:2', context])).code, 1);
  const { building } = await longBuild('walk:3');
  await engine.killHard();
  assert.notEqual((await building).code, 0);
  await engine.start();
  const list = await good(['build', 'ls']);
  assert.match(list, /walk:3\s+interrupted/);
  assert.equal(await good(['build', 'shell', 'walk:2@failed', 'cat', '/left']), 'left\n');
  await eventually('nothing to be mounted', async () => {
    const mounts = hostLines(`/proc/${engine.pid()}/mounts`, `${engine.folder}/root/snapshots/active`);
    return mounts.length === 0 ? true : undefined;
  });
  await good(['builder', 'prune', '-f']);
  const gone = await engine.wharf(['build', 'shell', '--failed', 'true']);
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /no longer kept/);
});

test('kill -9 while a context is sent: nothing of it is believed, and it can be sent again', async () => {
  const big = join(engine.folder, 'big');
  await mkdir(big);
  await writeFile(
    join(big, 'Dockerfile'),
    'FROM busybox\nCOPY big /\nRUN test "$(wc -c < /big)" = 67108864\n',
  );
  await writeFile(join(big, 'big'), Buffer.alloc(64 * 2 ** 20, 'x'));
  const building = engine.wharf(['build', '-t', 'walk:big', big]);
  const incoming = join(engine.folder, 'root/build/contexts/incoming');
  await eventually('the file to come in', async () =>
    existsSync(incoming) && readdirSync(incoming).length > 0 ? true : undefined,
  );
  await engine.killHard();
  assert.notEqual((await building).code, 0);
  await engine.start();
  assert.equal(existsSync(incoming), false);
  await good(['build', '-t', 'walk:big', big]);
  await good(['build', '-t', 'walk:big', big]);
});

/** Whether the step that is to be interrupted has begun. */
function isSleeping(): boolean {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('311.25');
      } catch {
        return false;
      }
    });
}
