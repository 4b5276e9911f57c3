// Files into and out of containers that do not run: all goes where the container itself would find it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import type { Engine } from '#engine/open.ts';
import { bindMount, observeMounts, unmountUnder } from '#kernel/mounts.ts';
import type { HostConfig } from '#shared/contract/container.ts';
import { endEngine, importBusybox, newPlace, openAt, runIn } from './containers-fixture.ts';

const place = newPlace();
let engine: Engine;
const put = { noOverwriteDirNonDir: false, copyUIDGID: false };

before(async () => {
  engine = await openAt(place);
  await importBusybox(engine, place.dir);
});

after(async () => {
  await endEngine(engine);
  unmountUnder(place.dir);
  place[Symbol.dispose]();
});

async function resting(name: string, host: HostConfig): Promise<void> {
  const HostConfig = { NetworkMode: 'none', ...host };
  await engine.containers.create({ Image: 'busybox', Cmd: ['true'], HostConfig }, { name });
}

async function read(name: string, path: string): Promise<string> {
  const { stream } = await engine.containers.getArchive(name, path);
  const tar = await text(stream);
  return execFileSync('tar', ['-xOf', '-'], { input: Buffer.from(tar), encoding: 'utf8' });
}

/** A tar of files by name. */
function tarOf(files: Record<string, string>): Readable {
  const dir = join(place.dir, `files-${process.hrtime.bigint()}`);
  for (const [name, body] of Object.entries(files)) {
    mkdirSync(join(dir, name, '..'), { recursive: true });
    writeFileSync(join(dir, name), body);
  }
  return Readable.from([execFileSync('tar', ['-C', dir, '-cf', '-', '.'])]);
}

test('through links, parts of volumes, images, and mounts in mounts', async () => {
  const { Mountpoint: shelf } = await engine.volumes.create({ Name: 'shelf' });
  mkdirSync(join(shelf, 'part'));
  writeFileSync(join(shelf, 'part/file'), 'of the part\n');
  writeFileSync(join(shelf, 'file'), 'of the shelf\n');
  symlinkSync('/inner/file', join(shelf, 'way'));
  const inner = join(place.dir, 'inner');
  mkdirSync(inner);
  writeFileSync(join(inner, 'file'), 'of the host\n');
  await resting('all', {
    Binds: ['shelf:/shelf', `${inner}:/shelf/inner`, `${inner}:/inner:ro`, `${join(inner, 'file')}:/etc/one`],
    Tmpfs: { '/memory': '' },
    Mounts: [
      { Type: 'volume', Source: 'shelf', Target: '/part', VolumeOptions: { Subpath: 'part' } },
      { Type: 'image', Source: 'busybox', Target: '/image' },
    ],
  });
  mkdirSync(join(shelf, 'inner'), { recursive: true });
  assert.equal(await read('all', '/part/file'), 'of the part\n');
  assert.equal(await read('all', '/image/data/seed'), 'from the image\n');
  assert.equal(await read('all', '/shelf/inner/file'), 'of the host\n');
  assert.equal(await read('all', '/etc/one'), 'of the host\n');
  assert.equal((await engine.containers.statArchive('all', '/shelf/way/.')).size, 12, 'a link in a volume');
  await engine.containers.putArchive('all', {
    ...put,
    path: '/',
    stream: tarOf({ 'shelf/new': 'n', 'part/new': 'p' }),
  });
  assert.equal(readFileSync(join(shelf, 'new'), 'utf8'), 'n', 'below a volume, from above it');
  assert.equal(readFileSync(join(shelf, 'part/new'), 'utf8'), 'p');
  assert.deepEqual(readdirSync(inner), ['file']);
});

test('a link to what is read-only is no way to write there', async () => {
  const at = engine.containers;
  symlinkSync('/inner', join((await engine.volumes.create({ Name: 'shelf' })).Mountpoint, 'sly'));
  for (const path of ['/inner', '/shelf/sly', '/image/data'])
    await assert.rejects(at.putArchive('all', { ...put, path, stream: tarOf({ x: '' }) }), {
      message: 'mounted volume is marked read-only',
    });
  await assert.rejects(
    at.putArchive('all', { ...put, path: '/', stream: tarOf({ 'inner/x': '' }) }),
    /read-only file system/,
  );
  assert.deepEqual(readdirSync(join(place.dir, 'inner')), ['file']);
});

test('a part of a volume that leads out of it now is not followed', async () => {
  const { Mountpoint: data } = await engine.volumes.create({ Name: 'turned' });
  mkdirSync(join(data, 'part'));
  const mount = {
    Type: 'volume' as const,
    Source: 'turned',
    Target: '/m',
    VolumeOptions: { Subpath: 'part' },
  };
  await resting('turned', { Mounts: [mount] });
  execFileSync('rmdir', [join(data, 'part')]);
  symlinkSync(join(place.dir, 'inner'), join(data, 'part'));
  await assert.rejects(read('turned', '/m/file'), { kind: 'not-found' });
});

test('a volume that is a mount is mounted for it', async () => {
  const device = join(place.dir, 'device');
  mkdirSync(device);
  await engine.volumes.create({ Name: 'bound', DriverOpts: { type: 'none', device, o: 'bind' } });
  await resting('bound', { Binds: ['bound:/m'] });
  await engine.containers.putArchive('bound', { ...put, path: '/m', stream: tarOf({ file: 'x\n' }) });
  assert.deepEqual(readdirSync(device), ['file']);
  assert.equal(await read('bound', '/m/file'), 'x\n');
  await engine.containers.remove('bound', {});
});

test('an export is of the container alone, and a start meanwhile is no matter', async () => {
  await resting('alone', { Binds: ['shelf:/shelf'] });
  const { stream } = await engine.containers.getArchive('alone', '/shelf');
  await engine.containers.start('alone');
  assert.match(await text(stream), /of the shelf/);
  const names = execFileSync('tar', ['-tf', '-'], {
    input: Buffer.concat((await engine.containers.exportTree('alone').toArray()) as Buffer[]),
    encoding: 'utf8',
  });
  assert.doesNotMatch(names, /shelf\/file/);
});

test('nothing stays mounted, also where an engine was killed meanwhile', async () => {
  const views = join(place.dir, 'run/views');
  const mounted = (): string[] =>
    observeMounts().flatMap(({ target }) => (target.startsWith(views) ? [target] : []));
  assert.deepEqual([mounted(), readdirSync(views)], [[], []]);
  const left = join(views, 'dead-1/root');
  mkdirSync(left, { recursive: true });
  const inner = join(place.dir, 'inner');
  bindMount(inner, left);
  await endEngine(engine);
  engine = await openAt(place);
  assert.deepEqual([mounted(), readdirSync(views)], [[], []]);
  assert.ok(existsSync(join(inner, 'file')));
  assert.equal((await runIn(engine, { Cmd: ['true'], HostConfig: { NetworkMode: 'none' } })).code, 0);
});
