// Building with our client: secrets, named contexts, entitlements, and why a step ran again.
// also by the release's program
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
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
  for (const name of ['sh', 'cat', 'test', 'grep', 'sleep']) symlinkSync('busybox', join(root, 'bin', name));
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

test('what a step is given by flags: limits, hosts, shared memory, no network', async () => {
  const dir = contextOf('limited', {
    Dockerfile:
      'FROM small:1\nRUN echo "files $(ulimit -n) $(ulimit -Hn)"; grep h.test /etc/hosts; grep " /dev/shm " /proc/mounts; echo nets $(grep -c : /proc/net/dev)\n',
  });
  const limits = ['--ulimit', 'nofile=77:99', '--shm-size', '8m'];
  const { stdout, stderr } = await wharf([
    ...['build', '--no-cache', '--add-host', 'h.test:1.2.3.4', '--network', 'none'],
    ...[...limits, dir],
  ]);
  assert.match(stdout, /^files 77 99$/m, stdout + stderr);
  assert.match(stdout, /^1\.2\.3\.4\s+h\.test$/m);
  assert.match(stdout, /\/dev\/shm tmpfs .*size=8192k/);
  assert.match(stdout, /^nets 1$/m);
  assert.match((await wharf(['build', '--ulimit', 'nofiles=1', dir])).stderr, /invalid ulimit type: nofiles/);
});

test('files that cannot be written are named', async () => {
  const dir = contextOf('written', { Dockerfile: 'FROM scratch\nCOPY a /a\n', a: 'a' });
  for (const flags of [
    ['--iidfile', join(dir, 'none/id')],
    ['--metadata-file', join(dir, 'none/meta')],
    ['-o', `type=tar,dest=${join(dir, 'none/x.tar')}`],
    ['-o', join(dir, 'a/folder')],
  ]) {
    const { code, stderr } = await wharf(['build', '-q', ...flags, dir]);
    assert.notEqual(code, 0);
    assert.match(stderr, /wharf: failed to write \S+: (ENOENT|ENOTDIR)/, flags.join(' '));
    assert.doesNotMatch(stderr, /\n +at /);
  }
});

for (const [name, client] of [
  ['wharf', program],
  ['docker', 'docker'],
] as const)
  test(`Ctrl-C in ${name} build: the RUN dies, nothing is left mounted, the tag keeps its image`, async () => {
    const seconds = name === 'wharf' ? '63.25' : '63.75';
    const dir = contextOf(`cut-${name}`, { Dockerfile: 'FROM small:1\nLABEL whole=1\n' });
    assert.equal((await wharf(['build', '-q', '-t', 'cut:1', dir])).code, 0);
    const before = (await wharf(['image', 'inspect', '-f', '{{.Id}}', 'cut:1'])).stdout;
    writeFileSync(join(dir, 'Dockerfile'), `FROM small:1\nRUN echo is-up; sleep ${seconds}\n`);
    const child = spawn(client, ['build', '-t', 'cut:1', dir], {
      env: { ...process.env, DOCKER_HOST: `unix://${daemon.socket}`, DOCKER_BUILDKIT: '0' },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 60_000,
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      said += piece;
      if (/^is-up$/m.test(said) && !child.killed) child.kill('SIGINT');
    });
    await once(child, 'close');
    assert.match(said, /^is-up$/m);
    const runs = (): boolean =>
      execFileSync('ps', ['-eo', 'args']).toString().split('\n').includes(`sleep ${seconds}`);
    const mounts = (): string[] =>
      readFileSync(`/proc/${daemon.pid}/mounts`, 'utf8')
        .split('\n')
        .filter((line) => line.includes(`${daemon.dir}/root/snapshots`));
    for (let tries = 0; tries < 200 && (runs() || mounts().length > 0); tries++) await sleep(50);
    assert.equal(runs(), false);
    assert.deepEqual(mounts(), []);
    assert.equal((await wharf(['image', 'inspect', '-f', '{{.Id}}', 'cut:1'])).stdout, before);
  });
