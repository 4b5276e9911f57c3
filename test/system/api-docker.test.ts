// The stock docker client against a real daemon: what a user types first.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TestDaemon, whyNot } from './api-fixture.ts';

const skip = whyNot();
const daemon = new TestDaemon();

before(async () => {
  if (skip !== undefined) return;
  await daemon.start();
  await daemon.importBase();
});

after(() => daemon[Symbol.asyncDispose]());

test('version, info, ps and images are understood', { skip }, async () => {
  assert.match(await daemon.ok('version'), /Server:[\s\S]*API version: +1\.51 \(minimum version 1\.40\)/);
  assert.match(await daemon.ok('info'), /Server Version: /);
  assert.match(await daemon.ok('ps', '-a'), /CONTAINER ID/);
  assert.match(await daemon.ok('images'), /base +1 /);
});

test('run shows output and ends with the exit code', { skip }, async () => {
  const ran = await daemon.docker(['run', '--rm', 'base:1', 'sh', '-c', 'echo out; echo err >&2; exit 3']);
  assert.deepEqual(ran, { code: 3, stdout: 'out\n', stderr: 'err\n' });
  assert.equal((await daemon.docker(['run', '--rm', 'base:1', 'absent-program'])).code, 127);
  assert.equal((await daemon.docker(['run', '--rm', 'base:1', '/etc'])).code, 126);
  assert.equal(await daemon.ok('ps', '-aq'), '');
  const absent = await daemon.docker(['run', '--pull', 'never', 'absent:1']);
  assert.equal(absent.code, 125);
  assert.match(absent.stderr, /No such image: absent:1/);
});

test('stdin reaches the program, and so does its end', { skip }, async () => {
  const input = 'x'.repeat(300_000);
  const ran = await daemon.docker(['run', '--rm', '-i', '--network', 'none', 'base:1', 'cat'], { input });
  assert.equal(ran.code, 0, ran.stderr);
  assert.equal(ran.stdout.length, input.length);
});

test('a container in the background: exec, logs, cp, stop', { skip }, async () => {
  const id = await daemon.ok('run', '-d', '--name', 'bg', 'base:1', 'sh', '-c', 'echo hello; exec sleep 100');
  assert.match(id, /^[0-9a-f]{64}$/);
  assert.equal(await daemon.ok('exec', 'bg', 'echo', 'inside'), 'inside');
  const piped = await daemon.docker(['exec', '-i', 'bg', 'cat'], { input: 'through' });
  assert.equal(piped.stdout, 'through', piped.stderr);
  assert.equal((await daemon.docker(['exec', 'bg', 'sh', '-c', 'exit 5'])).code, 5);
  assert.equal((await daemon.docker(['exec', 'bg', 'absent-program'])).code, 127);
  assert.equal(await daemon.ok('logs', 'bg'), 'hello');
  writeFileSync(join(daemon.dir, 'note'), 'copied');
  await daemon.ok('cp', join(daemon.dir, 'note'), 'bg:/tmp/note');
  assert.equal(await daemon.ok('exec', 'bg', 'cat', '/tmp/note'), 'copied');
  assert.match(await daemon.ok('top', 'bg'), /sleep 100/);
  assert.match(await daemon.ok('stats', '--no-stream', 'bg'), /bg/);
  const following = daemon.docker(['logs', '-f', 'bg']);
  await daemon.ok('stop', '-t', '0', 'bg');
  assert.equal((await following).stdout, 'hello\n');
  assert.match(await daemon.ok('ps', '-a'), /Exited \(137\)/);
  const refused = await daemon.docker(['rmi', 'base:1']);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /conflict/);
  await daemon.ok('rm', 'bg');
});

test('a terminal can be had and resized', { skip }, async () => {
  await daemon.ok('run', '-dit', '--name', 'tty', 'base:1', 'sh');
  assert.equal((await daemon.ask('POST', '/containers/tty/resize?h=33&w=101')).status, 200);
  const asked = ['sh', '-c', 'test -t 1 && echo a terminal'];
  assert.equal(await daemon.ok('exec', '-t', 'tty', ...asked), 'a terminal');
  assert.equal((await daemon.docker(['exec', 'tty', ...asked])).code, 1);
  await daemon.ok('rm', '-f', 'tty');
});

test('volumes keep data, networks resolve names', { skip }, async () => {
  await daemon.ok('volume', 'create', 'data');
  await daemon.ok('run', '--rm', '-v', 'data:/d', 'base:1', 'sh', '-c', 'echo kept > /d/f');
  assert.equal(await daemon.ok('run', '--rm', '-v', 'data:/d', 'base:1', 'cat', '/d/f'), 'kept');
  await daemon.ok('volume', 'rm', 'data');
  await daemon.ok('network', 'create', 'net');
  await daemon.ok('run', '-d', '--name', 'peer', '--network', 'net', 'base:1', 'sleep', '100');
  await daemon.ok('run', '--rm', '--network', 'net', 'base:1', 'ping', '-c', '1', 'peer');
  const refused = await daemon.docker(['network', 'rm', 'net']);
  assert.equal(refused.code, 1);
  await daemon.ok('rm', '-f', 'peer');
  await daemon.ok('network', 'rm', 'net');
});

test('the classic builder builds, and tells where it failed', { skip }, async () => {
  const context = join(daemon.dir, 'context');
  mkdirSync(context);
  writeFileSync(join(context, 'file'), 'content');
  writeFileSync(
    join(context, 'Dockerfile'),
    'FROM base:1\nARG WHO=me\nCOPY file /file\nRUN echo hello $WHO > /who\nCMD ["cat", "/who", "/file"]\n',
  );
  assert.match(
    await daemon.ok('build', '--build-arg', 'WHO=you', '-t', 'built:1', context),
    /Successfully tagged built:1/,
  );
  assert.equal(await daemon.ok('run', '--rm', 'built:1'), 'hello you\ncontent');
  assert.match(await daemon.ok('history', 'built:1'), /hello \$WHO|cat/);
  writeFileSync(join(context, 'Dockerfile'), 'FROM base:1\nRUN exit 9\n');
  const failed = await daemon.docker(['build', context]);
  assert.equal(failed.code, 9);
  assert.match(failed.stderr, /returned a non-zero code: 9/);
});

test('save, rmi, load', { skip }, async () => {
  await daemon.ok('tag', 'base:1', 'other:2');
  await daemon.ok('save', '-o', join(daemon.dir, 'saved.tar'), 'other:2');
  await daemon.ok('rmi', 'other:2');
  assert.match(await daemon.ok('load', '-i', join(daemon.dir, 'saved.tar')), /Loaded image: other:2/);
  await daemon.ok('rmi', 'other:2');
});
