// What ADD, mounts and contexts take from elsewhere: git repositories, archives by URL, an ssh agent, tars of contexts.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createSocket } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { type BuildLab, openBuildLab } from './build-room.ts';

let lab: BuildLab;
let server: Server;
let address = '';
let commit = '';

function git(dir: string, ...args: string[]): string {
  const env = { ...process.env, GIT_AUTHOR_DATE: '1700000000 +0000', GIT_COMMITTER_DATE: '1700000000 +0000' };
  const who = ['-c', 'user.name=t', '-c', 'user.email=t@example.invalid', '-c', 'init.defaultBranch=main'];
  return execFileSync('git', [...who, ...args], { cwd: dir, env })
    .toString()
    .trim();
}

before(async () => {
  lab = await openBuildLab();
  const work = join(lab.dir, 'work');
  mkdirSync(join(work, 'sub'), { recursive: true });
  writeFileSync(join(work, 'file'), 'one');
  writeFileSync(join(work, 'sub/deep'), 'deep');
  git(work, 'init', '--quiet');
  git(work, 'add', '.');
  git(work, 'commit', '--quiet', '-m', 'one');
  git(work, 'tag', 'v1');
  commit = git(work, 'rev-parse', 'HEAD');
  writeFileSync(join(work, 'file'), 'two');
  symlinkSync(join(lab.dir, 'host'), join(work, 'out'));
  mkdirSync(join(lab.dir, 'host'));
  writeFileSync(join(lab.dir, 'host/secret'), 'of this machine');
  git(work, 'add', '.');
  git(work, 'commit', '--quiet', '-a', '-m', 'two');
  mkdirSync(join(lab.dir, 'www'));
  git(lab.dir, 'clone', '--quiet', '--bare', work, 'www/repo.git');
  git(join(lab.dir, 'www/repo.git'), 'update-server-info');
  execFileSync('tar', ['-czf', join(lab.dir, 'www/a.tgz'), '-C', work, 'sub']);
  server = createServer((request, response) => {
    const path = join(lab.dir, 'www', new URL(request.url ?? '/', 'http://x').pathname);
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) response.writeHead(404).end();
    else response.end(readFileSync(path));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(async () => {
  server.close();
  assert.deepEqual(lab.mountsInside(), []);
  await lab[Symbol.asyncDispose]();
});

async function built(dockerfile: string, request: Parameters<BuildLab['run']>[0] = {}) {
  const outcome = await lab.run({ files: { Dockerfile: dockerfile }, ...request });
  assert.ok(outcome.image, `${outcome.error?.message}\n${outcome.output}`);
  return { ...outcome, files: lab.files(outcome.image) };
}

test('ADD of a repository: its head, a tag, a folder of it, a commit; the second time cached', async () => {
  const text = `FROM busybox
ADD ${address}/repo.git /head
ADD ${address}/repo.git#v1 /v1
ADD ${address}/repo.git#main:sub /sub
ADD --checksum=${commit} --keep-git-dir ${address}/repo.git#${commit} /commit
RUN test "$(cat /head/file /v1/file /commit/file)" = twooneone
`;
  const { files } = await built(text);
  assert.equal(files['sub/deep'], 'f 644 0:0');
  assert.equal(files['head/.git'], undefined);
  assert.equal(files['commit/.git']?.startsWith('d '), true);
  const { output } = await built(text);
  assert.equal(output.split('Using cache').length - 1, 5);
});

test('ADD of a repository that is not what was expected, or not there', async () => {
  const wrong = await lab.run({
    files: { Dockerfile: `FROM busybox\nADD --checksum=${'0'.repeat(40)} ${address}/repo.git /x\n` },
  });
  assert.match(String(wrong.error?.message), /expected checksum to match 0{40}, got [0-9a-f]{40}/);
  const absent = await lab.run({ files: { Dockerfile: `FROM busybox\nADD ${address}/none.git /x\n` } });
  assert.match(String(absent.error?.message), /ADD failed: cannot fetch HEAD of/);
});

test('a folder of a repository that is a link does not lead out of it', async () => {
  for (const folder of ['out', 'none', 'file']) {
    const { image, error } = await lab.run({
      files: { Dockerfile: `FROM busybox\nADD ${address}/repo.git#main:${folder} /x/\n` },
    });
    assert.equal(image, undefined, folder);
    assert.match(String(error?.message), new RegExp(`ADD failed: .*/repo.git has no folder ${folder}$`));
  }
});

test('ADD --unpack of an archive by URL, and --unpack=false of a local one', async () => {
  const { files } = await built(
    `FROM busybox\nADD --unpack ${address}/a.tgz /d\nADD ${address}/a.tgz /whole\n`,
  );
  assert.equal(files['d/sub/deep'], 'f 644 0:0');
  assert.equal(files['whole'], 'f 600 0:0');
  const dir = lab.context({ Dockerfile: 'FROM busybox\nADD --unpack=false a.tgz /d/\n' });
  writeFileSync(join(dir, 'a.tgz'), readFileSync(join(lab.dir, 'www/a.tgz')));
  const local = await built('', { context: { dir } });
  assert.equal(local.files['d/a.tgz'], 'f 644 0:0');
});

test('the socket of an agent is there in the step, with its owner, and only there', async () => {
  const path = join(lab.dir, 'agent');
  const agent = createSocket();
  await new Promise<void>((resolve) => agent.listen(path, resolve));
  const text =
    'FROM busybox\nRUN --mount=type=ssh,uid=1000 test -S "$SSH_AUTH_SOCK" && test "$(stat -c %a:%u $SSH_AUTH_SOCK)" = 600:1000\n';
  const { files } = await built(text, { agents: { default: path } });
  assert.equal(files['run'], undefined);
  agent.close();
});

test('prune of everything empties cache mounts, the others do not', async () => {
  const text = (command: string) => `FROM busybox\nRUN --mount=type=cache,id=pruned,target=/c ${command}\n`;
  await built(text('touch /c/x'));
  await lab.build.prune();
  await built(text('test -e /c/x && touch /c/y'));
  await lab.build.prune({ all: true });
  await built(text('test ! -e /c/x'));
});

test('a context that comes as a tar: links, hard links, folders that were not named, an archive, ignore rules', async () => {
  const dir = lab.context({
    Dockerfile: 'FROM busybox\nCOPY . /d\nCOPY link/one /one\nADD a.tgz /un\n',
    '.dockerignore': 'secret\n',
    'deep/er/one': '1',
    secret: 's',
  });
  symlinkSync('deep/er', join(dir, 'link'));
  symlinkSync('/etc/passwd', join(dir, 'out'));
  linkSync(join(dir, 'deep/er/one'), join(dir, 'deep/er/two'));
  writeFileSync(join(dir, 'a.tgz'), readFileSync(join(lab.dir, 'www/a.tgz')));
  const names = [
    'Dockerfile',
    '.dockerignore',
    'deep/er/one',
    'deep/er/two',
    'secret',
    'link',
    'out',
    'a.tgz',
  ];
  for (const flag of ['-c', '-cz']) {
    const tar = execFileSync('tar', [flag, '-C', dir, ...names]);
    const { files } = await built('', { context: Readable.from([tar]), noCache: true });
    assert.equal(files['d/deep/er/two'], 'f 644 0:0');
    assert.equal(files['d/secret'], undefined);
    assert.equal(files['d/out'], 'l 777 0:0 /etc/passwd');
    assert.equal(files['one'], 'f 644 0:0');
    assert.equal(files['un/sub/deep'], 'f 644 0:0');
  }
  const tar = execFileSync('tar', ['-c', '-C', dir, ...names]);
  const cut = await lab.run({ context: Readable.from([tar.subarray(0, 700)]) });
  assert.match(String(cut.error?.message), /truncated/);
});
