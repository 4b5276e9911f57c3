// Building with our client: secrets, named contexts, entitlements, and why a step ran again.
// also by the release's program
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { wharfProgram as program } from '../wharf-program.ts';
import { type Ran, TestDaemon } from './api-fixture.ts';

const daemon = new TestDaemon();

async function wharf(args: string[], env: Record<string, string> = {}): Promise<Ran> {
  const child = spawn(program, args, {
    env: { ...process.env, DOCKER_HOST: `unix://${daemon.socket}`, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 30_000,
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code, stdout, stderr };
}

before(async () => {
  await daemon.start();
  const root = join(daemon.dir, 'image');
  mkdirSync(join(root, 'bin'), { recursive: true });
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  for (const name of ['sh', 'cat', 'test']) symlinkSync('busybox', join(root, 'bin', name));
  execFileSync('tar', ['-C', root, '-cf', join(daemon.dir, 'image.tar'), '.']);
  const imported = await wharf(['import', join(daemon.dir, 'image.tar'), 'small:1']);
  assert.equal(imported.code, 0, imported.stderr);
});
after(async () => {
  await daemon[Symbol.asyncDispose]();
});

function contextOf(name: string, files: Record<string, string>): string {
  const dir = join(daemon.dir, name);
  mkdirSync(dir, { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(join(dir, file), content);
  return dir;
}

test('secrets by file and by variable, a context of files and one of an image', async () => {
  const dir = contextOf('one', {
    Dockerfile:
      'FROM base\nCOPY --from=lib x /x\nRUN --mount=type=secret,id=a --mount=type=secret,id=b,env=B test "$(cat /run/secrets/a)-$B-$(cat /x)" = one-two-x\n',
  });
  const lib = contextOf('lib', { x: 'x' });
  writeFileSync(join(daemon.dir, 'secret'), 'one');
  const flags = ['--secret', `id=a,src=${join(daemon.dir, 'secret')}`, '--secret', 'id=b,env=TWO'];
  const contexts = ['--build-context', `lib=${lib}`, '--build-context', 'base=docker-image://small:1'];
  const ran = await wharf(['build', '-t', 'session:1', ...flags, ...contexts, dir], { TWO: 'two' });
  assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  const without = await wharf(['build', '--no-cache', ...contexts, dir]);
  assert.notEqual(without.code, 0);
});

test('what a step may do besides must be allowed', async () => {
  const dir = contextOf('two', { Dockerfile: 'FROM small:1\nRUN --security=insecure test -e /dev/kmsg\n' });
  const refused = await wharf(['build', dir]);
  assert.match(refused.stdout + refused.stderr, /--security=insecure is not allowed/);
  const allowed = await wharf(['build', '--allow', 'security.insecure', dir]);
  assert.equal(allowed.code, 0, allowed.stdout + allowed.stderr);
});

test('why a step ran again', async () => {
  const dir = contextOf('three', { Dockerfile: 'FROM small:1\nCOPY app.py /\n', 'app.py': '1' });
  assert.equal((await wharf(['build', '-t', 'why:1', dir])).code, 0);
  writeFileSync(join(dir, 'app.py'), '2');
  const again = await wharf(['build', '-t', 'why:1', dir]);
  assert.match(again.stdout, / ---> Not cached: app\.py changed \(\+1 -1 lines\)\n/);
  const why = await wharf(['build', 'why', 'why:1']);
  assert.match(why.stdout + why.stderr, /COPY app\.py \/ {2}ran: app\.py changed \(\+1 -1 lines\)/);
  const last = JSON.parse((await wharf(['build', 'why', '--json'])).stdout);
  assert.equal(last.build, 'why:1');
});
