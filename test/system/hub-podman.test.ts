// Podman and Buildah against the Hub: log in, build, push, pull, copy by another tag, and what a wrong password gets.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { addUser } from '../../src/hub/auth/users.ts';
import type { ServedHub } from '../../src/hub/serve.ts';
import { call, scratch, serveIn } from './hub-fixture.ts';

const checkout = join(import.meta.dirname, '../..');
const unpacked = join(checkout, '.cache/podman');
const place = scratch();
let served: ServedHub;
let host: string;

before(async () => {
  // Debian's packages, unpacked: a first run fetches them.
  if (!existsSync('/usr/bin/podman') && !existsSync(join(unpacked, 'usr/bin/podman')))
    execFileSync('sh', ['scripts/unpack-with-missing.sh', unpacked, 'podman', 'buildah'], { cwd: checkout });
  await addUser(join(place.dir, 'htpasswd'), 'alice', 'right');
  served = await serveIn(place.dir, { htpasswd: join(place.dir, 'htpasswd') });
  host = new URL(served.url).host;
});

after(async () => {
  await served?.[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

/** Storage, settings and logins of its own; plain files (vfs), so that nothing is mounted. */
async function run(program: 'podman' | 'buildah', ...args: string[]): Promise<string> {
  const installed = join('/usr/bin', program);
  const path = existsSync(installed) ? installed : join(unpacked, installed);
  const folder = join(place.dir, 'containers');
  mkdirSync(folder, { recursive: true });
  const settings = join(folder, 'containers.conf');
  writeFileSync(settings, `[engine]\nlock_type="file"\ntmp_dir="${folder}/tmp"\nevents_logger="none"\n`);
  const storage = [
    '--root',
    join(folder, 'root'),
    '--runroot',
    join(folder, 'run'),
    '--storage-driver',
    'vfs',
  ];
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    CONTAINERS_CONF: settings,
    REGISTRY_AUTH_FILE: join(folder, 'auth.json'),
    TMPDIR: folder,
    LD_LIBRARY_PATH: ['x86_64-linux-gnu', 'aarch64-linux-gnu']
      .map((name) => join(unpacked, 'usr/lib', name))
      .join(':'),
  };
  const { stdout } = await promisify(execFile)(path, [...storage, ...args], { env, timeout: 120_000 });
  return stdout.trim();
}

const plain = '--tls-verify=false';
const digestAt = async (path: string): Promise<string | undefined> => {
  const authorization = `Basic ${Buffer.from('alice:right').toString('base64')}`;
  const reply = await call(served.url, path, { method: 'HEAD', headers: { authorization } });
  return reply.headers['docker-content-digest']?.toString();
};

test('buildah builds and pushes; podman pulls, tags, pushes and lists', async () => {
  const context = join(place.dir, 'context');
  mkdirSync(context);
  writeFileSync(join(context, 'hello'), 'hello from a build\n');
  writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY hello /hello\nLABEL maker=buildah\n');
  await assert.rejects(
    run('podman', 'login', plain, '-u', 'alice', '-p', 'wrong', host),
    /invalid username|unauthorized/i,
  );
  await run('podman', 'login', plain, '-u', 'alice', '-p', 'right', host);
  const name = `${host}/team/built`;
  await run('buildah', 'bud', '--isolation', 'chroot', '-t', `${name}:1`, context);
  await run('buildah', 'push', plain, `${name}:1`);
  const pushed = await digestAt('/v2/team/built/manifests/1');
  assert.match(pushed ?? '', /^sha256:/);

  await run('podman', 'rmi', '--all', '--force');
  await run('podman', 'pull', plain, '--quiet', `${name}:1`);
  assert.equal(
    await run('podman', 'image', 'inspect', '--format', '{{index .Labels "maker"}}', `${name}:1`),
    'buildah',
  );
  const mounted = await run('podman', 'image', 'mount', `${name}:1`);
  try {
    assert.equal(existsSync(join(mounted, 'hello')), true);
  } finally {
    await run('podman', 'image', 'unmount', `${name}:1`);
  }
  await run('podman', 'tag', `${name}:1`, `${host}/team/copy:two`);
  await run('podman', 'push', plain, '--quiet', `${host}/team/copy:two`);
  assert.match((await digestAt('/v2/team/copy/manifests/two')) ?? '', /^sha256:/);
  assert.match(await run('podman', 'search', plain, '--list-tags', `${host}/team/copy`), /two/);
  assert.match(await run('podman', 'search', plain, `${host}/built`), /team\/built/);
});

test('podman pushes both kinds of manifest, zstd layers and a list of platforms; each comes back', async () => {
  const name = `${host}/team/kinds`;
  for (const [tag, ...options] of [
    ['v2s2', '--format', 'v2s2'],
    ['oci', '--format', 'oci'],
    ['zstd', '--format', 'oci', '--compression-format', 'zstd'],
  ]) {
    await run('podman', 'push', plain, '--quiet', ...options, `${host}/team/copy:two`, `${name}:${tag}`);
    rmSync(join(place.dir, 'containers/back'), { recursive: true, force: true });
    await run('podman', 'rmi', '--force', `${name}:${tag}`).catch(() => '');
    await run('podman', 'pull', plain, '--quiet', `${name}:${tag}`);
  }
  await run('podman', 'manifest', 'create', 'list');
  await run('podman', 'manifest', 'add', plain, 'list', `docker://${name}:oci`);
  await run('podman', 'manifest', 'push', plain, '--all', 'list', `docker://${name}:list`);
  await run('podman', 'pull', plain, '--quiet', `${name}:list`);
  const reply = await call(served.url, '/v2/team/kinds/manifests/list', {
    headers: { authorization: `Basic ${Buffer.from('alice:right').toString('base64')}` },
  });
  assert.match(reply.headers['content-type'] ?? '', /image\.index|manifest\.list/);
});

test('a deleted tag is gone for podman, too', async () => {
  const headers = { authorization: `Basic ${Buffer.from('alice:right').toString('base64')}` };
  assert.equal(
    (await call(served.url, '/v2/team/kinds/manifests/oci', { method: 'DELETE', headers })).status,
    202,
  );
  await assert.rejects(
    run('podman', 'pull', plain, `${host}/team/kinds:oci`),
    /manifest unknown|not in team\/kinds/,
  );
});
