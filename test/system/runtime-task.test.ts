// Tasks on the real kernel: life cycle, exit codes, isolation, errors, and an engine that comes and goes.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupPathsOf, processesIn } from '#kernel/cgroups.ts';
import { attach } from '#runtime/attach.ts';
import { readLog } from '#runtime/logs/read.ts';
import { rotateLog } from '#runtime/logs/rotate.ts';
import { StartError } from '#runtime/start-error.ts';
import { readStats } from '#runtime/stats.ts';
import { Boxes, skipReason } from './runtime-boxes.ts';

const options = { skip: skipReason, timeout: 60_000 };
let boxes: Boxes;
before(() => {
  if (!skipReason) boxes = new Boxes();
});
after(() => boxes?.[Symbol.asyncDispose]());

async function logOf(id: string, follow = false): Promise<string> {
  const isRunning = () => boxes.runtime.observe(id).running;
  let text = '';
  for await (const piece of readLog({
    path: boxes.logPath(id),
    tty: true,
    stdout: true,
    stderr: true,
    follow,
    isRunning,
  })) {
    text += piece.toString();
  }
  return text;
}

test('runs a program, keeps its output and its exit code, leaves nothing after delete', options, async () => {
  assert.equal((await boxes.run('one', ['sh', '-c', 'echo out; echo err >&2; exit 7'])).exitCode, 7);
  assert.deepEqual((await logOf('one')).split('\n').toSorted(), ['', 'err', 'out']);
  assert.equal(boxes.runtime.takeExit('one')?.exitCode, 7);
  await boxes.runtime.delete('one');
  await boxes.runtime.delete('one');
  assert.equal(existsSync(join(boxes.runtime.stateRoot, 'one')), false);
  assert.equal(boxes.runtime.takeExit('one'), undefined);
  assert.deepEqual(processesIn(boxes.runtime.cgroupPath('one')), []);
});

test(
  'holds the program in: pid 1, capabilities, seccomp, own cgroup; the second start as the first',
  options,
  async () => {
    for (const id of ['held1', 'held2']) {
      const task = await boxes.create(
        id,
        ['sh', '-c', 'echo $$; grep -E "CapEff|Seccomp:|NoNewPrivs" /proc/self/status; sleep 30'],
        {
          noNewPrivileges: true,
        },
      );
      assert.ok([...cgroupPathsOf(task.pid).values()].includes(boxes.runtime.cgroupPath(id)));
      assert.ok(![...cgroupPathsOf(task.conmonPid).values()].includes(boxes.runtime.cgroupPath(id)));
      assert.equal(boxes.runtime.state(id).status, 'created');
      await boxes.runtime.start(id);
      assert.equal(boxes.runtime.state(id).status, 'running');
      for (let tries = 0; tries < 100 && !(await logOf(id)).includes('Seccomp'); tries++) await sleep(10);
      assert.match(await logOf(id), /^1\n/);
      assert.match(await logOf(id), /CapEff:\t00000000a80425fb\n/);
      assert.match(await logOf(id), /Seccomp:\t2\n/);
      assert.match(await logOf(id), /NoNewPrivs:\t1\n/);
      await boxes.runtime.pause(id);
      assert.equal(boxes.runtime.state(id).status, 'paused');
      await boxes.runtime.resume(id);
      const stats = readStats({ id, name: '/x', pid: task.pid, cgroupPath: boxes.runtime.cgroupPath(id) });
      assert.ok(stats.cpu_stats.cpu_usage.total_usage > 0 && (stats.memory_stats.usage ?? 0) > 0);
      assert.equal(await boxes.runtime.kill(id, 9), true);
      assert.equal((await boxes.ended(id)).exitCode, 137);
      assert.equal(await boxes.runtime.kill(id, 9), false);
    }
  },
);

test('a program that cannot be started is told in the words and codes that users know', options, async () => {
  const expected: [string[], number, RegExp][] = [
    [['nosuch'], 127, /exec: "nosuch": executable file not found in \$PATH/],
    [['/bin/nosuch'], 127, /exec: "\/bin\/nosuch": stat \/bin\/nosuch: no such file or directory/],
    [['/etc/plain'], 126, /exec: "\/etc\/plain": permission denied/],
    [['/etc'], 126, /permission denied/],
  ];
  for (const [args, code, words] of expected) {
    await assert.rejects(boxes.create('bad', args), (thrown) => {
      assert.ok(thrown instanceof StartError);
      assert.equal(thrown.exitCode, code, thrown.message);
      return words.test(thrown.message);
    });
    assert.equal(existsSync(join(boxes.runtime.stateRoot, 'bad')), false);
  }
});

test('memory that is too much ends it, and that is told', options, async () => {
  const memory = { Memory: 16 * 1024 * 1024, MemorySwap: 16 * 1024 * 1024 };
  const exit = await boxes.run('oom', ['sh', '-c', 'x=0123456789abcdef; while true; do x=$x$x; done'], {
    resources: memory,
  });
  assert.deepEqual([exit.exitCode, exit.oomKilled], [137, true]);
});

test('attached before the start, not a byte is missed; also when it is started again', options, async () => {
  for (let round = 0; round < 25; round++) {
    await boxes.create('quick', ['sh', '-c', 'echo -n first; seq 300; echo -n err >&2']);
    await using attachment = await attach(boxes.runtime.bundleDir('quick'));
    await boxes.runtime.start('quick');
    const text = ['', '', ''];
    for await (const { stream, data } of attachment.output) text[stream] += data.toString();
    assert.equal(text[1], `first${Array.from({ length: 300 }, (_, index) => `${index + 1}\n`).join('')}`);
    assert.equal(text[2], 'err');
    await boxes.ended('quick');
  }
});

test('a slow reader holds the container back, and gets everything', options, async () => {
  await boxes.create('slow', ['sh', '-c', 'yes 0123456789abcde | head -c 4000000']);
  await using attachment = await attach(boxes.runtime.bundleDir('slow'));
  await boxes.runtime.start('slow');
  await sleep(200);
  assert.equal(boxes.runtime.observe('slow').running, true);
  let bytes = 0;
  for await (const { data } of attachment.output) bytes += data.byteLength;
  assert.equal(bytes, 4_000_000);
});

test('input: all of it arrives, and its end is seen', options, async () => {
  await boxes.create('cat', ['cat'], { stdin: true, stdinOnce: true });
  await using attachment = await attach(boxes.runtime.bundleDir('cat'), { stdin: true });
  {
    // One who only looks on must not end the input by leaving.
    await using reader = await attach(boxes.runtime.bundleDir('cat'), { keepStdinOpen: true });
    assert.ok(reader);
  }
  await boxes.runtime.start('cat');
  const sent = Buffer.alloc(1_000_000, 'abcdefghij');
  const writing = attachment.write(sent).then(() => attachment.endInput());
  const pieces: Buffer[] = [];
  for await (const { data } of attachment.output) pieces.push(data);
  await writing;
  assert.ok(Buffer.concat(pieces).equals(sent));
  assert.equal((await boxes.ended('cat')).exitCode, 0);
});

test(
  'a terminal has its size, takes a new one, and stays when the one attached leaves',
  options,
  async () => {
    await boxes.create('tty', ['sh'], {
      tty: true,
      stdin: true,
      stdinOnce: true,
      consoleSize: { width: 91, height: 31 },
    });
    await boxes.runtime.start('tty');
    const ask = async (command: string, answer: RegExp) => {
      await using attachment = await attach(boxes.runtime.bundleDir('tty'));
      await attachment.write(Buffer.from(`${command}\n`));
      let text = '';
      for await (const { data } of attachment.output) {
        text += data.toString();
        if (answer.test(text)) return;
      }
      assert.fail(text);
    };
    await ask('stty size', /31 91/);
    await boxes.runtime.resize('tty', { width: 1, height: 1 });
    await boxes.runtime.resize('tty', { width: 100, height: 40 });
    // conmon hears of it by a file of its own, whenever it comes to that.
    await ask('until stty size | grep "40 100"; do sleep 0.1; done', /^40 100/m);
    await using attachment = await attach(boxes.runtime.bundleDir('tty'));
    await attachment.write(Buffer.from('exit 3\n'));
    assert.equal((await boxes.ended('tty')).exitCode, 3);
  },
);

test('a follower reads on while the log is rotated, and loses no line', options, async () => {
  await boxes.create('logs', [
    'sh',
    '-c',
    'i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; sleep 0.3',
  ]);
  await boxes.runtime.start('logs');
  const text = logOf('logs', true);
  for (let round = 0; round < 4; round++) {
    await sleep(20);
    await rotateLog(boxes.logPath('logs'), { maxFiles: 9, reopen: () => boxes.runtime.reopenLog('logs') });
  }
  assert.equal(await text, Array.from({ length: 3000 }, (_, index) => `line ${index}\n`).join(''));
});

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1500; tries++) {
    if (holds()) return;
    await sleep(20);
  }
  assert.fail('it did not come to this');
}

/** Asks a process to end; false where it has. */
function signalled(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGTERM');
  } catch {
    return false;
  }
}

test('outlives the engine, whose successor knows it and how it ended', options, async () => {
  const { pid, conmonPid } = await boxes.create('live', [
    'sh',
    '-c',
    'trap "exit 5" TERM; while true; do sleep 0.05; done',
  ]);
  await boxes.runtime.start('live');
  await boxes.reopen();
  assert.deepEqual(boxes.runtime.observe('live'), {
    running: true,
    pid,
    conmonPid,
    bundle: boxes.runtime.bundleDir('live'),
  });
  await boxes.runtime[Symbol.asyncDispose]();
  // Again and again: it may not heed signals yet.
  await until(() => !signalled(pid));
  await boxes.reopen();
  assert.equal((await boxes.ended('live')).exitCode, 5);
});

test('whose monitor is killed does not run on unwatched', options, async () => {
  const { conmonPid } = await boxes.create('lost', ['sleep', '30']);
  await boxes.runtime.start('lost');
  process.kill(conmonPid, 'SIGKILL');
  assert.equal((await boxes.ended('lost')).exitCode, 255);
  await until(() => !boxes.runtime.observe('lost').running);
});

test('a run folder and an id as long as they come', options, async () => {
  const id = 'a'.repeat(64);
  const runDir = join(boxes.dir, 'r'.repeat(100));
  mkdirSync(runDir);
  await using long = new Boxes(runDir);
  await long.create(id, ['echo', 'hello']);
  await using attachment = await attach(long.runtime.bundleDir(id));
  await long.runtime.start(id);
  let text = '';
  for await (const { data } of attachment.output) text += data.toString();
  assert.equal(text, 'hello\n');
  assert.match(readFileSync(long.logPath(id), 'utf8'), /hello/);
});
