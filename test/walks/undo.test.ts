// What is removed can come back: containers, volumes and images, also after the engine was killed; Docker's own client removes for good.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
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

async function bad(args: string[]): Promise<string> {
  const ran = await engine.wharf(args);
  assert.notEqual(ran.code, 0, `wharf ${args.join(' ')} went well:\n${ran.stdout}`);
  return ran.stderr;
}

test('a container comes back with its files, settings and logs, stopped', async () => {
  await good([
    'run',
    '--name',
    'box',
    '-e',
    'A=1',
    '-v',
    'kept:/data',
    'busybox',
    'sh',
    '-c',
    'echo said; echo x > /f; echo y > /data/f',
  ]);
  const id = await good(['inspect', '--format', '{{.Id}}', 'box']);
  await good(['rm', 'box']);
  assert.equal(await good(['ps', '-aq']), '');
  assert.match(await bad(['inspect', 'box']), /No such/i);
  assert.match(await good(['trash', 'ls']), /container\s+box/);
  // Its name, volume and image may be used and removed meanwhile.
  await good(['volume', 'rm', 'kept']);
  assert.equal(await good(['undo']), 'volume kept is back');
  assert.equal(await good(['undo']), 'container box is back');
  assert.match(await bad(['undo']), /the trash is empty/);
  assert.equal(await good(['inspect', '--format', '{{.Id}} {{.State.Status}}', 'box']), `${id} exited`);
  assert.equal(await good(['logs', 'box']), 'said');
  assert.match(await good(['diff', 'box']), /A \/f/);
  await good(['start', '-a', 'box']);
  assert.match(await bad(['volume', 'rm', 'kept']), /volume is in use/);
  await good(['rm', '--now', 'box']);
  await good(['volume', 'rm', '--now', 'kept']);
  assert.equal(await good(['trash', 'ls', '-q']), '');
});

test('a running one is killed with -f; several of one command come back together; a taken name is told', async () => {
  await good(['run', '-d', '--name', 'one', 'busybox', 'sleep', '600']);
  await good(['run', '-d', '--name', 'two', 'busybox', 'sleep', '600']);
  assert.match(await bad(['rm', 'one']), /container is running/);
  await good(['rm', '-f', 'one', 'two']);
  await good(['create', '--name', 'two', 'busybox']);
  const ran = await engine.wharf(['undo']);
  assert.equal(ran.stdout.trim(), 'container one is back');
  assert.match(ran.stderr, /two stays in the trash: .*already in use/);
  await good(['rm', '--now', 'two']);
  assert.equal(await good(['undo', 'two']), 'container two is back');
  await good(['start', 'one', 'two']);
  await good(['rm', '-f', '--now', 'one', 'two']);
});

test('an image comes back with its names and layers, without a registry', async () => {
  await good(['tag', 'busybox', 'other:1']);
  const id = await good(['inspect', '--format', '{{.Id}}', 'busybox']);
  await good(['rmi', '-f', id]);
  assert.equal(await good(['images', '-q']), '');
  await good(['undo']);
  assert.match(await good(['images', '--format', '{{.Repository}}:{{.Tag}}']), /busybox:latest/);
  assert.equal(await good(['inspect', '--format', '{{.Id}}', 'other:1']), id);
  assert.equal(await good(['run', '--rm', 'busybox', 'echo', 'works']), 'works');
  // A name alone; meanwhile another image gets it.
  await good(['rmi', 'other:1']);
  await good(['run', '--name', 'made', 'busybox', 'touch', '/made']);
  await good(['commit', 'made', 'other:1']);
  await good(['rm', '--now', 'made']);
  const ran = await engine.wharf(['undo']);
  assert.match(ran.stderr, /other:1 has another image now/);
  await good(['rmi', '--now', 'other:1']);
});

test('a volume with files; the trash is emptied, and what was in it is gone from the disk', async () => {
  await good(['run', '--rm', '-v', 'files:/d', 'busybox', 'sh', '-c', 'echo kept > /d/f']);
  await good(['volume', 'rm', 'files']);
  await good(['volume', 'create', 'files']);
  assert.match(await bad(['undo']), /a volume named files exists/);
  await good(['volume', 'rm', '--now', 'files']);
  await good(['undo', 'files']);
  assert.equal(await good(['run', '--rm', '-v', 'files:/d', 'busybox', 'cat', '/d/f']), 'kept');
  await good(['volume', 'rm', 'files']);
  await good(['trash', 'empty', '-f']);
  assert.match(await bad(['undo']), /the trash is empty/);
  const left = readdirSync(join(engine.folder, 'root', 'volumes')).filter((name) => name.startsWith('.kept'));
  assert.deepEqual(left, []);
});

test('after kill -9 of the engine the trash is as it was', async () => {
  await good(['run', '--name', 'late', 'busybox', 'sh', '-c', 'echo here > /f']);
  const id = await good(['inspect', '--format', '{{.Id}}', 'late']);
  await good(['volume', 'create', 'later']);
  await good(['rm', 'late']);
  await good(['volume', 'rm', 'later']);
  await good(['rmi', 'busybox']);
  await engine.killHard();
  await engine.start();
  assert.equal((await good(['trash', 'ls', '-q'])).split('\n').length, 3);
  assert.equal(await good(['images', '-q']), '');
  for (const what of ['busybox', 'later', 'late']) await good(['undo', what]);
  assert.match(await good(['diff', 'late']), /A \/f/);
  await good(['start', 'late']);
  await good(['rm', '-f', 'late']);
  await good(['trash', 'empty', '-f', 'late']);
  assert.equal(existsSync(join(engine.folder, 'root', 'containers', id)), false);
  assert.match(await good(['volume', 'ls', '-q']), /later/);
});

test("Docker's API removes for good", async () => {
  await good(['create', '--name', 'plain', 'busybox']);
  const { status } = await engine.call('DELETE', '/containers/plain');
  assert.equal(status, 204);
  assert.equal(await good(['trash', 'ls', '-q']), '');
});
