// The trash empties itself: what is too old goes, and the oldest where the disk is short of room, and no more than that.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Engine, openEngine } from '#engine/open.ts';
import { endEngine, newPlace, type Place } from './containers-fixture.ts';
import { tarOf } from './images-fixture.ts';

let place: Place;
let engine: Engine;
let disk: string;
const keepMs = 3_600_000;

before(async () => {
  place = newPlace();
  disk = join(place.dir, 'disk');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=120m', 'wharf-test', disk]);
  engine = await open(keepMs);
});

after(async () => {
  if (engine !== undefined) await endEngine(engine);
  execFileSync('umount', [disk]);
  place[Symbol.dispose]();
});

async function open(trashKeepMs: number): Promise<Engine> {
  const { dir, bridge, bip } = place;
  return await openEngine({ root: join(disk, 'root'), run: join(dir, 'run'), bridge, bip, trashKeepMs });
}

async function image(name: string, megabytes: number): Promise<void> {
  const tar = await tarOf({ bytes: name.repeat((megabytes * 1_000_000) / name.length) });
  await engine.images.importTree(Readable.from([tar]), { reference: name });
}

const names = async () => (await engine.trash.list()).map(({ Name }) => Name);

test('where the disk is short of room the oldest goes, until there is enough, and the rest can come back', async () => {
  await image('oldest', 30);
  await engine.volumes.create({ Name: 'younger' });
  await engine.trash.removeImage('oldest', { group: 'one' });
  await engine.trash.removeVolume('younger', { group: 'two' });
  assert.deepEqual((await names()).sort(), ['oldest', 'younger']);
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize - 6_000_000));
  await image('last', 1);
  await engine.trash.removeImage('last', { group: 'three' });
  assert.deepEqual((await names()).sort(), ['last', 'younger']);
  const free = statfsSync(disk);
  assert.ok(free.bavail * free.bsize > 25_000_000, `${free.bavail * free.bsize} bytes free`);
  await engine.trash.undo(['younger', 'last']);
  assert.ok(engine.volumes.has('younger'));
  assert.equal(engine.images.resolve('last').tags[0], 'last:latest');
  execFileSync('rm', [join(disk, 'filler')]);
});

test('what is older than it may be goes when the engine looks, and at its start', async () => {
  await engine.trash.removeImage('last', { group: 'four' });
  await engine.trash.sweep();
  assert.deepEqual(await names(), ['last'], 'an hour has not gone by');
  await endEngine(engine);
  await sleep(20);
  engine = await open(10);
  assert.deepEqual(await names(), []);
  assert.deepEqual(engine.images.all(), []);
  assert.throws(() => engine.images.resolve('last'), /No such image/);
});
