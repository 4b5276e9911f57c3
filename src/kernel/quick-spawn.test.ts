// Programs started the quick way: their pipes, their end, their place.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { quickSpawn } from '#kernel/quick-spawn.ts';

const read = async (stream: Readable | undefined) => (stream ? String(await buffer(stream)) : '');

test('output, input, further descriptors, exit code', async () => {
  const script = 'read word; echo "got $word"; echo wrong >&2; echo three >&3; cat <&4; exit 7';
  const child = quickSpawn('sh', ['-c', script], { stdio: ['to', 'from', 'from', 'from', 'to'] });
  child.pipes[0]?.end('hello\n');
  child.pipes[4]?.end('four\n');
  const texts = await Promise.all([1, 2, 3].map((at) => read(child.pipes[at])));
  assert.deepEqual(texts, ['got hello\nfour\n', 'wrong\n', 'three\n']);
  assert.equal(await child.exit, 7);
  assert.equal(child.hasEnded(), true);
  child.kill('SIGKILL');
});

test('environment, folder, session, signals and descriptors are those asked for', async () => {
  const folder = realpathSync(tmpdir());
  const script = 'echo $A; pwd; cut -d" " -f6 /proc/$$/stat; ls /proc/$$/fd';
  const child = quickSpawn('/bin/sh', ['-c', script], {
    stdio: ['null', 'from', 'null'],
    env: { A: 'b', PATH: '/bin:/usr/bin' },
    cwd: folder,
    detached: true,
  });
  const lines = (await read(child.pipes[1])).trim().split('\n');
  assert.deepEqual(lines.slice(0, 3), ['b', folder, String(child.pid)]);
  // Whoever started the tests may have left descriptors open for all below.
  const { stdout } = spawnSync('/bin/sh', ['-c', 'ls /proc/$$/fd'], { encoding: 'utf8' });
  assert.deepEqual(lines.slice(3), stdout.trim().split('\n'));
  assert.equal(await child.exit, 0);
});

test('no signal is blocked or ignored', async () => {
  // Not a shell: it blocks signals itself while it starts a program.
  const child = quickSpawn('cat', ['/proc/self/status'], { stdio: ['null', 'from', 'null'] });
  const status = await read(child.pipes[1]);
  assert.match(status, /^SigBlk:\s0+$/m);
  assert.match(status, /^SigIgn:\s0+$/m);
  assert.equal(await child.exit, 0);
});

test('a signal, many at once, and a program that is not there', async () => {
  const sleeper = quickSpawn('sleep', ['60'], { stdio: ['null', 'null', 'null'] });
  sleeper.kill('SIGTERM');
  assert.equal(await sleeper.exit, 143);
  const many = Array.from({ length: 20 }, (_, at) =>
    quickSpawn('sh', ['-c', `exit ${at}`], { stdio: ['null', 'null', 'null'] }),
  );
  assert.deepEqual(
    await Promise.all(many.map((child) => child.exit)),
    many.map((_, at) => at),
  );
  assert.throws(() => quickSpawn('/nonexistent/crun', [], { stdio: [] }), {
    message: 'crun is not installed',
  });
});
