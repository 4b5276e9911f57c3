// Builds that fail, are cancelled or killed: clear words, the tag untouched, nothing left behind.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BuildLab, openBuildLab } from './build-room.ts';

let lab: BuildLab;
before(async () => {
  lab = await openBuildLab();
});
after(async () => {
  await lab[Symbol.asyncDispose]();
});

/** What a failed step left may be looked at, and goes with the cache. */
async function assertClean(): Promise<void> {
  assert.deepEqual(lab.mountsInside(), []);
  await lab.build.prune();
  assert.deepEqual(lab.snapshots.ids(), []);
  assert.deepEqual(lab.state.collection('builds').all(), []);
  assert.deepEqual(readdirSync(join(lab.dir, 'root/build')), []);
}

const failures: [string, string, RegExp, number?][] = [
  [
    'a typo',
    'FORM busybox\n',
    /^dockerfile parse error on line 1: unknown instruction: FORM \(did you mean FROM\?\)$/,
  ],
  [
    'a missing source',
    'FROM busybox\nCOPY nope /x\n',
    /^COPY failed: file not found in build context or excluded by \.dockerignore: stat nope: file does not exist$/,
  ],
  [
    'a source out of the context',
    'FROM busybox\nCOPY ../x /x\n',
    /forbidden path outside the build context: \.\.\/x/,
  ],
  [
    'a failing RUN',
    'FROM busybox\nRUN echo before; exit 7\n',
    /^The command '\/bin\/sh -c echo before; exit 7' returned a non-zero code: 7$/,
    7,
  ],
  [
    'a signal in a RUN',
    "FROM busybox\nRUN sh -c 'kill -9 $$'; exit $?\n",
    /returned a non-zero code: 137$/,
    137,
  ],
  ['a missing program', 'FROM busybox\nRUN ["/nope"]\n', /\/nope/, 127],
  [
    'an unknown user',
    'FROM busybox\nUSER nobody-here\nRUN true\n',
    /unable to find user nobody-here: no matching entries in passwd file/,
  ],
  [
    'an unknown owner',
    'FROM busybox\nCOPY --chown=nobody-here Dockerfile /x\n',
    /can't find uid for user nobody-here/,
  ],
  ['an unknown target', 'FROM busybox\n', /failed to reach build target nope in Dockerfile/],
  [
    'a wrong variable',
    'FROM busybox\nENV A="${B:?must be set}"\n',
    /^dockerfile parse error on line 2: B: must be set$/,
  ],
  [
    'many sources and one file',
    'FROM busybox\nCOPY Dockerfile Dockerfile /x\n',
    /destination must be a directory and end with a \//,
  ],
  [
    'a directory over a file',
    'FROM busybox\nRUN mkdir /d\nCOPY Dockerfile /d/x\nCOPY . /d/x\n',
    /not a directory/,
  ],
  [
    'RUN --device of a device that must be there and is not',
    'FROM busybox\nRUN --device=x.org/y=z,required true\n',
    /required device "x\.org\/y=z" is not registered/,
  ],
  ['no such stage or image', 'FROM busybox\nCOPY --from=localhost:1/none/such x /\n', /localhost:1/],
];
for (const [name, dockerfile, message, exitCode] of failures) {
  test(name, async () => {
    const good = await lab.run({ files: { Dockerfile: 'FROM busybox\n' }, tags: ['kept:1'] });
    const target = name === 'an unknown target' ? { target: 'nope' } : {};
    const { error, output } = await lab.run({
      files: { Dockerfile: dockerfile },
      tags: ['kept:1'],
      ...target,
    });
    assert.match(error?.message ?? '', message);
    assert.equal(error?.exitCode, exitCode);
    if (name === 'a failing RUN') assert.match(output, /\nbefore\n$/);
    assert.equal(lab.images.resolve('kept:1').id, good.image?.id);
    await assertClean();
  });
}

test('a URL that nobody answers, and one whose file is something else', async () => {
  const unreachable = await lab.run({ files: { Dockerfile: 'FROM busybox\nADD http://127.0.0.1:2/x /x\n' } });
  assert.match(unreachable.error?.message ?? '', /ADD failed: http:\/\/127\.0\.0\.1:2\/x: .*ECONNREFUSED/);
  await assertClean();
});

test('two builds of one tag at once: both are there, the tag is one of them', async () => {
  const build = (word: string) =>
    lab.run({ files: { Dockerfile: `FROM busybox\nRUN echo ${word} > /x\n` }, tags: ['same:1'] });
  const [one, two] = await Promise.all([build('one'), build('two')]);
  assert.ok(one.image && two.image, `${one.error}${two.error}`);
  assert.ok([one.image.id, two.image.id].includes(lab.images.resolve('same:1').id));
  assert.notEqual(one.image.id, two.image.id);
  assert.equal(lab.images.all().filter(({ tags }) => tags.includes('same:1')).length, 1);
  await assertClean();
});

test('no Dockerfile', async () => {
  const { error } = await lab.run({ files: { x: 'y' } });
  assert.equal(error?.message, 'Cannot locate specified Dockerfile: Dockerfile');
  await assertClean();
});

test('cancelling kills the RUN, in every stage', async () => {
  const stop = new AbortController();
  const stage = (name: string): string => `FROM busybox AS ${name}\nRUN echo up-${name}; sleep 61.5\n`;
  let output = '';
  const running = lab.run({
    files: { Dockerfile: `${stage('one')}${stage('two')}FROM one\nCOPY --from=two /x /\n` },
    signal: stop.signal,
    onLine: (line) => {
      output += line.stream ?? '';
    },
  });
  while (!output.includes('up-one')) await sleep(20);
  const started = performance.now();
  stop.abort();
  const { error } = await running;
  assert.match(error?.message ?? '', /cancelled/);
  assert.ok(performance.now() - started < 3000);
  assert.equal(processes('sleep 61.5'), 0);
  await assertClean();
});

function processes(command: string): number {
  const table = execFileSync('ps', ['-eo', 'args']).toString().split('\n');
  return table.filter((line) => line.trim() === command).length;
}

/** Where in the build the engine is killed: what it said, and how long after it. */
const moments: [string, string, number][] = [
  ['in a RUN', '\nin-the-step\n', 0],
  ['while a RUN begins', 'Step 3/3', 0],
  ['while the network is made', 'Step 2/3', 2],
  ['while a RUN ends', 'Step 2/3', 20],
  ['while a RUN becomes a layer', 'Step 2/3', 30],
];
for (const [moment, word, delayMs] of moments) {
  test(`kill -9 ${moment}: recovery leaves no process, mount, network or snapshot, and the cache is sound`, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'wharf-build-'));
    await killAt(dir, word, delayMs);
    await using reborn = await openBuildLab({ dir });
    await reborn.build.recover();
    for (let tries = 0; tries < 100 && processes('sleep 62.5') > 0; tries++) await sleep(20);
    assert.equal(processes('sleep 62.5'), 0);
    assert.deepEqual(reborn.mountsInside(), []);
    assert.deepEqual(reborn.snapshots.ids(), []);
    const netns = join(dir, 'run/netns');
    assert.deepEqual(existsSync(netns) ? readdirSync(netns) : [], []);
    assert.deepEqual(readdirSync(join(dir, 'root/build')), []);
    const { image, output } = await reborn.run({ files: { Dockerfile: 'FROM busybox\nRUN touch /done\n' } });
    assert.ok(image);
    if (moment === 'in a RUN') assert.match(output, /Using cache/);
    assert.equal(reborn.files(image)['done'], 'f 644 0:0');
  });
}

/** Starts a build in a program of its own and kills that once it has said `word`. */
async function killAt(dir: string, word: string, delayMs: number): Promise<void> {
  const program = join(import.meta.dirname, 'build-victim.ts');
  const victim = spawn(process.execPath, [program, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = new Promise((resolve) => victim.once('exit', resolve));
  let said = '';
  await new Promise<void>((resolve, reject) => {
    victim.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes(word)) resolve();
    });
    victim.once('exit', () => reject(new Error(`it ended by itself: ${said}`)));
  });
  if (delayMs > 0) await sleep(delayMs);
  victim.kill('SIGKILL');
  await gone;
}
