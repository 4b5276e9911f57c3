// What ADD, mounts and contexts take from elsewhere: git repositories, archives by URL, an ssh agent, tars of contexts.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
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
  const other = join(lab.dir, 'other');
  mkdirSync(other);
  writeFileSync(join(other, 'Dockerfile'), 'FROM scratch\nCOPY . /c\n');
  git(other, 'init', '--quiet');
  git(other, 'add', '.');
  git(other, 'commit', '--quiet', '-m', 'one');
  git(lab.dir, 'clone', '--quiet', '--bare', other, 'www/context.git');
  git(join(lab.dir, 'www/context.git'), 'update-server-info');
  execFileSync('tar', ['-czf', join(lab.dir, 'www/a.tgz'), '-C', work, 'sub']);
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x');
    const wanted = /^\/(for-\w+)\//.exec(pathname)?.[1];
    const path = join(lab.dir, 'www', wanted === undefined ? pathname : pathname.slice(wanted.length + 1));
    if (wanted !== undefined && request.headers.authorization !== keys[wanted]) response.writeHead(401).end();
    else if (!statSync(path, { throwIfNoEntry: false })?.isFile()) response.writeHead(404).end();
    else response.end(readFileSync(path));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(async () => {
  server.close();
  try {
    assert.deepEqual(lab.mountsInside(), []);
  } finally {
    await lab[Symbol.asyncDispose]();
  }
});

/** Who comes to `/for-…/` must say this. */
const keys: Record<string, string> = {
  'for-bearer': 'Bearer hush',
  'for-header': 'Own scheme',
  'for-git': `Basic ${Buffer.from('x-access-token:hush').toString('base64')}`,
};

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

test('servers that want to know who asks: secrets of ADD for files and for repositories', async () => {
  const text = (kind: string): string =>
    `FROM scratch\nADD ${address}/for-${kind}/${kind === 'git' ? 'repo.git' : 'a.tgz'} /x\n`;
  const secret = (name: string, value = 'hush'): Parameters<typeof built>[1] => ({
    secrets: { [name]: Buffer.from(value) },
  });
  assert.ok((await built(text('bearer'), secret('HTTP_AUTH_TOKEN_127.0.0.1'))).image);
  assert.ok((await built(text('header'), secret('HTTP_AUTH_HEADER_127.0.0.1', 'Own scheme'))).image);
  assert.ok((await built(text('git'), secret('GIT_AUTH_TOKEN'))).image);
  assert.ok((await built(text('git'), secret('GIT_AUTH_TOKEN.127.0.0.1'))).image);
  for (const kind of ['bearer', 'git']) {
    const none = await lab.run({ files: { Dockerfile: text(kind) }, ...secret('GIT_AUTH_TOKEN.other.host') });
    assert.match(String(none.error?.message), /ADD failed: .*(401|cannot fetch HEAD)/);
    assert.doesNotMatch(String(none.error?.message) + none.output, /hush/);
  }
});

test('ADD of a repository by ssh takes the keys of the agent', async () => {
  const programs = mkdtempSync(join(lab.dir, 'programs-'));
  // In place of a server: it runs what the client asks the other side to run, if there is an agent.
  const ssh = `#!/bin/sh\ntest -S "$SSH_AUTH_SOCK" || { echo "no key" >&2; exit 255; }\nfor last; do :; done\ncd ${lab.dir}/www && eval "$last"\n`;
  writeFileSync(join(programs, 'ssh'), ssh, { mode: 0o755 });
  const before = process.env['PATH'];
  process.env['PATH'] = `${programs}:${before}`;
  const agent = createSocket();
  const path = join(programs, 'agent');
  await new Promise<void>((resolve) => agent.listen(path, resolve));
  try {
    const text = 'FROM busybox\nADD git@host.example:./repo.git#v1 /x\nRUN test "$(cat /x/file)" = one\n';
    assert.ok((await built(text, { agents: { default: path } })).image);
    const none = await lab.run({ files: { Dockerfile: text.replace('v1', 'main') } });
    assert.match(String(none.error?.message), /cannot fetch main of git@host\.example/);
    assert.match(String(none.error?.hint), /--ssh default/);
  } finally {
    process.env['PATH'] = before;
    agent.close();
  }
});

test('addresses with a query: tag, commit, folder, the folder of git, submodules', async () => {
  const { files } = await built(`FROM scratch
ADD ${address}/repo.git?tag=v1&keep-git-dir=true&submodules=false /tag
ADD ${address}/repo.git?ref=main&subdir=sub /sub
ADD ${address}/repo.git?commit=${commit} /commit
`);
  assert.equal(files['tag/.git']?.startsWith('d '), true);
  assert.equal(files['sub/deep'], 'f 644 0:0');
  assert.equal(files['commit/out'], undefined);
  for (const [query, said] of [
    ['brunch=main', /unexpected query "brunch"/],
    ['keep-git-dir=perhaps', /invalid value "perhaps" for keep-git-dir/],
    [`tag=v1&commit=${'0'.repeat(40)}`, /expected checksum to match/],
  ] as const) {
    const { error } = await lab.run({
      files: { Dockerfile: `FROM scratch\nADD ${address}/repo.git?${query} /x\n` },
    });
    assert.match(String(error?.message), said);
  }
});

test('arguments that say something to the builder: the name of the host, of cache mounts, the folder of git', async () => {
  const name = await built('FROM busybox\nRUN test "$(cat /proc/sys/kernel/hostname)" = mine\n', {
    buildArgs: { BUILDKIT_SANDBOX_HOSTNAME: 'mine' },
  });
  assert.ok(name.image);
  const mount = (command: string): string => `FROM busybox\nRUN --mount=type=cache,target=/ns ${command}\n`;
  await built(mount('touch /ns/x'), { buildArgs: { BUILDKIT_CACHE_MOUNT_NS: 'team' } });
  await built(mount('test ! -e /ns/x'));
  await built(mount('test -e /ns/x'), { buildArgs: { BUILDKIT_CACHE_MOUNT_NS: 'team' } });
  for (const [keep, test] of [
    ['1', '-d'],
    ['0', '! -d'],
  ] as const) {
    const { files } = await built('', {
      context: { remote: `${address}/context.git` },
      buildArgs: { BUILDKIT_CONTEXT_KEEP_GIT_DIR: keep },
    });
    assert.equal(files['c/.git'] !== undefined, test === '-d');
  }
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
