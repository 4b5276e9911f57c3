// What a container sees at its mounts: places inside volumes, images, mapped and given owners, read-only below, propagation.
import assert from 'node:assert/strict';
import { chownSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Engine } from '#engine/open.ts';
import { isMountPoint, mountTmpfs, observeMounts, unmountUnder } from '#kernel/mounts.ts';
import { runOk } from '#kernel/spawn.ts';
import type { MountRequest } from '#shared/contract/container.ts';
import { endEngine, importBusybox, newPlace, openAt, type Ran, runIn } from './containers-fixture.ts';

const place = newPlace();
let engine: Engine;

before(async () => {
  engine = await openAt(place);
  await importBusybox(engine, place.dir);
});

after(async () => {
  await endEngine(engine);
  unmountUnder(place.dir);
  place[Symbol.dispose]();
});

const sh = (script: string, host: { Mounts?: MountRequest[]; Binds?: string[] }, user = ''): Promise<Ran> =>
  runIn(engine, {
    Cmd: ['sh', '-c', script],
    User: user,
    HostConfig: { NetworkMode: 'none', AutoRemove: true, ...host },
  });

function folder(name: string, owner = 0): string {
  const path = join(place.dir, name);
  mkdirSync(path);
  writeFileSync(join(path, 'file'), `of ${name}\n`);
  for (const each of [path, join(path, 'file')]) chownSync(each, owner, owner);
  return path;
}

test('a folder and a file inside a volume', async () => {
  const { Mountpoint: data } = await engine.volumes.create({ Name: 'parts' });
  mkdirSync(join(data, 'sub/deep'), { recursive: true });
  writeFileSync(join(data, 'sub/deep/file'), 'deep\n');
  const at = (Subpath: string): MountRequest[] => [
    { Type: 'volume', Source: 'parts', Target: '/m', VolumeOptions: { Subpath } },
  ];
  const ran = await sh('cat /m/file; echo new > /m/made', { Mounts: at('sub/deep') });
  assert.deepEqual([ran.code, ran.stdout], [0, 'deep\n'], ran.stderr);
  assert.equal(readFileSync(join(data, 'sub/deep/made'), 'utf8'), 'new\n');
  assert.equal((await sh('cat /m', { Mounts: at('sub/deep/file') })).stdout, 'deep\n');
  await assert.rejects(sh('true', { Mounts: at('missing') }), {
    kind: 'not-found',
    message: /cannot access path parts\/missing: no such file or directory/,
  });
});

test('a file of the host, read-only', async () => {
  const source = join(folder('files'), 'file');
  const ran = await sh('cat /etc/one; echo more >>/etc/one', { Binds: [`${source}:/etc/one:ro`] });
  assert.equal(ran.stdout, 'of files\n', ran.stderr);
  assert.match(ran.stderr, /Read-only file system/);
});

test('a link inside a volume does not lead out of it', async () => {
  const { Mountpoint: data } = await engine.volumes.create({ Name: 'sly' });
  const secret = folder('secret');
  symlinkSync(secret, join(data, 'way'));
  const at = (Subpath: string): MountRequest[] => [
    { Type: 'volume', Source: 'sly', Target: '/m', VolumeOptions: { Subpath } },
  ];
  await assert.rejects(sh('cat /m/file', { Mounts: at('way') }), { kind: 'not-found' });
  await assert.rejects(sh('true', { Mounts: at('../parts') }), { kind: 'invalid' });
  symlinkSync('/inner', join(data, 'inside'));
  mkdirSync(join(data, 'inner'));
  writeFileSync(join(data, 'inner/file'), 'mine\n');
  assert.equal((await sh('cat /m/file', { Mounts: at('inside') })).stdout, 'mine\n');
});

test('the files of an image, to be read only, and kept while a container has them', async () => {
  const mounts: MountRequest[] = [{ Type: 'image', Source: 'busybox', Target: '/m' }];
  const ran = await sh('cat /m/data/seed; touch /m/data/x', { Mounts: mounts });
  assert.equal(ran.stdout, 'from the image\n');
  assert.match(ran.stderr, /Read-only file system/);
  const part: MountRequest[] = [
    { Type: 'image', Source: 'busybox', Target: '/m', ImageOptions: { Subpath: 'data' } },
  ];
  assert.equal((await sh('cat /m/seed', { Mounts: part })).stdout, 'from the image\n');
  await assert.rejects(sh('true', { Mounts: [{ Type: 'image', Source: 'none', Target: '/m' }] }), {
    kind: 'not-found',
    message: /No such image: none/,
  });
  const { Id: id } = await engine.containers.create({
    Image: 'busybox',
    Cmd: ['true'],
    HostConfig: { Mounts: mounts },
  });
  const [shown] = (await engine.containers.inspect(id)).Mounts;
  assert.deepEqual([shown?.Type, shown?.Source, shown?.RW], ['image', 'busybox', false]);
  await engine.containers.remove(id, {});
});

test('mapped owners: the user inside and the owner outside are one', async () => {
  const path = folder('mapped', 4242);
  const ran = await sh(
    'id -u; stat -c %u /m/file; echo new > /m/made; stat -c %u /m/made',
    { Binds: [`${path}:/m:idmap`] },
    'app',
  );
  assert.deepEqual([ran.code, ran.stdout], [0, '1000\n1000\n1000\n'], ran.stderr);
  assert.equal(statSync(join(path, 'made')).uid, 4242);
  assert.equal(statSync(join(path, 'made')).gid, 4242);
  assert.equal(statSync(join(path, 'file')).uid, 4242);
  const asRoot = await sh('touch /m/root', {
    Mounts: [{ Type: 'bind', Source: path, Target: '/m', Owner: 'map' }],
  });
  assert.equal(asRoot.code, 0, asRoot.stderr);
  assert.equal(statSync(join(path, 'root')).uid, 4242);
});

test('given owners: the files belong to the user of the container, also on the host', async () => {
  const path = folder('given');
  symlinkSync('/etc/passwd', join(path, 'link'));
  const ran = await sh('echo new > /m/file', { Binds: [`${path}:/m:U`] }, 'app');
  assert.equal(ran.code, 0, ran.stderr);
  assert.equal(statSync(join(path, 'file')).uid, 1000);
  assert.equal(statSync('/etc/passwd').uid, 0, 'links are not followed');
  await assert.rejects(sh('true', { Binds: ['/usr:/m:U'] }, 'app'), /chown of \/usr is not allowed/);
  symlinkSync('/usr', join(path, 'usr'));
  await assert.rejects(
    sh('true', { Binds: [`${join(path, 'usr')}:/m:U`] }, 'app'),
    /chown of .* is not allowed/,
  );
  const { Mountpoint: data } = await engine.volumes.create({ Name: 'parts-given' });
  mkdirSync(join(data, 'mine'));
  mkdirSync(join(data, 'other'));
  const part = { Type: 'volume' as const, Source: 'parts-given', Target: '/m', Owner: 'chown' as const };
  const made = await sh('touch /m/x', { Mounts: [{ ...part, VolumeOptions: { Subpath: 'mine' } }] }, 'app');
  assert.equal(made.code, 0, made.stderr);
  assert.deepEqual([statSync(join(data, 'mine')).uid, statSync(join(data, 'other')).uid], [1000, 0]);
  assert.equal(statSync('/usr').uid, 0);
});

test('read-only holds for what is mounted below, unless it is asked otherwise', async () => {
  const path = folder('below');
  mkdirSync(join(path, 'sub'));
  mountTmpfs(join(path, 'sub'));
  const both = 'touch /m/a 2>/dev/null; echo $?; touch /m/sub/a 2>/dev/null; echo $?';
  assert.equal((await sh(both, { Binds: [`${path}:/m:ro`] })).stdout, '1\n1\n');
  const asked = (BindOptions: MountRequest['BindOptions']): MountRequest[] => [
    { Type: 'bind', Source: path, Target: '/m', ReadOnly: true, ...(BindOptions ? { BindOptions } : {}) },
  ];
  assert.equal((await sh(both, { Mounts: asked({}) })).stdout, '1\n1\n');
  assert.equal((await sh(both, { Mounts: asked({ ReadOnlyNonRecursive: true }) })).stdout, '1\n0\n');
  assert.equal((await sh('ls /m/sub', { Mounts: asked({ NonRecursive: true }) })).stdout, '');
  await assert.rejects(
    sh('true', { Mounts: asked({ ReadOnlyForceRecursive: true, NonRecursive: true }) }),
    /mount options conflict/,
  );
});

test('what a mount of the host does not allow is not allowed inside either', async () => {
  const path = folder('strict');
  await runOk('mount', ['-t', 'tmpfs', '-o', 'nosuid,nodev,noexec', 'strict', path]);
  const flags = 'while read a b c d e f rest; do [ $e = /m ] && echo $f; done < /proc/self/mountinfo';
  const seen = async (bind: string): Promise<string> => (await sh(flags, { Binds: [bind] })).stdout;
  assert.equal(await seen(`${path}:/m`), 'rw,nosuid,nodev,noexec,relatime\n');
  assert.equal(await seen(`${path}:/m:ro`), 'ro,nosuid,nodev,noexec,relatime\n');
  await runOk('mount', ['-o', 'remount,bind,ro,nosuid', path]);
  for (const mode of ['', ':rw', ':rprivate']) assert.match(await seen(`${path}:/m${mode}`), /^ro,/);
  const volume = { Name: 'strict', DriverOpts: { type: 'none', device: path, o: 'bind,ro,noexec' } };
  await engine.volumes.create(volume);
  assert.match(await seen('strict:/m'), /^ro,.*noexec/);
  unmountUnder(path);
});

test('a volume that is a mount is one for all who run, and goes with the last of them', async () => {
  const options = { type: 'tmpfs', device: 'tmpfs', o: 'size=1m' };
  const { Mountpoint: data } = await engine.volumes.create({ Name: 'memory', DriverOpts: options });
  const begin = async (): Promise<string> => {
    const host = { NetworkMode: 'none', Binds: ['memory:/m'] };
    const request = { Image: 'busybox', Cmd: ['sleep', '600'], HostConfig: host };
    const { Id: id } = await engine.containers.create(request);
    await engine.containers.start(id);
    return id;
  };
  const [one, two] = [await begin(), await begin()];
  assert.equal((await sh('echo x > /m/file', { Binds: ['memory:/m'] })).code, 0);
  await engine.containers.stop(one, { timeoutSeconds: 0 });
  await engine.containers.settle();
  assert.equal((await sh('cat /m/file', { Binds: ['memory:/m'] })).stdout, 'x\n', 'the other one has it');
  await engine.containers.stop(two, { timeoutSeconds: 0 });
  await engine.containers.settle();
  assert.equal(isMountPoint(data), false);
  await engine.containers.start(two);
  assert.equal((await sh('ls /m', { Binds: ['memory:/m'] })).stdout, '', 'begun anew, as with dockerd');
  for (const id of [one, two]) await engine.containers.remove(id, { force: true });
  await engine.containers.settle();
  assert.equal(isMountPoint(data), false);
  await engine.volumes.remove('memory');
});

test('a mount of the host appears inside where it was asked for', async () => {
  const path = folder('spread');
  mkdirSync(join(path, 'late'));
  mountTmpfs(path);
  const { setPropagation } = await import('#kernel/mounts.ts');
  setPropagation(path, 'shared');
  mkdirSync(join(path, 'late'));
  for (const [mode, expected] of [
    ['rslave', 'late\n'],
    ['rprivate', ''],
  ]) {
    const { Id: id } = await engine.containers.create({
      Image: 'busybox',
      Cmd: ['sleep', '600'],
      HostConfig: { NetworkMode: 'none', Binds: [`${path}:/m:${mode}`] },
    });
    await engine.containers.start(id);
    mountTmpfs(join(path, 'late'));
    writeFileSync(join(path, 'late/file'), 'late\n');
    const { Pid: pid } = (await engine.containers.inspect(id)).State;
    const seen = observeMounts(`/proc/${pid}/mountinfo`).some(({ target }) => target === '/m/late');
    assert.equal(seen, expected !== '', mode);
    await engine.containers.remove(id, { force: true });
    unmountUnder(join(path, 'late'));
  }
});

test('mounts that could not spread as asked are refused, not kept apart in silence', async () => {
  const path = folder('apart');
  mountTmpfs(path);
  const { setPropagation } = await import('#kernel/mounts.ts');
  const inner = join(path, 'deep');
  mkdirSync(inner);
  const bind = (mode: string): Promise<Ran> => sh('true', { Binds: [`${inner}:/m:${mode}`] });
  setPropagation(path, 'private');
  for (const mode of ['rshared', 'shared', 'rslave', 'slave'])
    await assert.rejects(bind(mode), {
      kind: 'invalid',
      message: `path ${inner} is mounted on ${path} but it is not a ${mode.endsWith('shared') ? 'shared' : 'shared or slave'} mount`,
    });
  setPropagation(path, 'shared');
  for (const mode of ['rshared', 'shared', 'rslave', 'rprivate'])
    assert.equal((await bind(mode)).code, 0, mode);
  unmountUnder(path);
});

test('a missing source is made where a mount asks for that', async () => {
  const Source = join(folder('asked'), 'new/sub');
  const mount = { Type: 'bind' as const, Source, Target: '/m' };
  await assert.rejects(sh('true', { Mounts: [mount] }), /bind source path does not exist/);
  await sh('touch /m/x', { Mounts: [{ ...mount, BindOptions: { CreateMountpoint: true } }] });
  assert.ok(statSync(join(Source, 'x')).isFile());
});

test('a folder that is mounted into itself, and the root of the host, make no loop', async () => {
  const path = folder('looped');
  mkdirSync(join(path, 'inner'));
  const looped = await sh('echo x > /m/inner/again/inner/deep; cat /m/inner/deep; ls /m/inner/again/inner', {
    Binds: [`${path}:/m`, `${path}:/m/inner/again`],
  });
  assert.match(looped.stdout, /^x\n/);
  const whole = await sh(`cat /host${join(path, 'inner/deep')}`, { Binds: ['/:/host:ro'] });
  assert.equal(whole.stdout, 'x\n');
});

test('a source that is a link to nowhere is refused in words', async () => {
  const path = folder('links');
  symlinkSync('nowhere', join(path, 'dangling'));
  await assert.rejects(sh('true', { Binds: [`${join(path, 'dangling')}:/m`] }), {
    kind: 'invalid',
    message: /error while creating mount source path '.*dangling': it is a symbolic link that leads nowhere/,
  });
});

test('a file over a folder is refused in words, and so is a volume whose folder is gone', async () => {
  const path = folder('wrong');
  await assert.rejects(
    sh('true', { Binds: [`${join(path, 'file')}:/bin`] }),
    /not a directory|Not a directory/,
  );
  const { Mountpoint: data } = await engine.volumes.create({ Name: 'lost' });
  rmSync(data, { recursive: true });
  await assert.rejects(sh('true', { Binds: ['lost:/m'] }), {
    kind: 'not-found',
    message: /the folder of the volume is gone/,
  });
});

test('nothing staged is left mounted', () => {
  const left = observeMounts().filter(
    ({ target }) => target.startsWith(`${place.dir}/`) && target.includes('/mounts/'),
  );
  assert.deepEqual(left, []);
});
