// Volumes that something cuts off: a copy-up, a removal, an import.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { EventLog } from '#engine/events.ts';
import type { VolumeRecord } from '#engine/volumes/record.ts';
import { removeVolume } from '#engine/volumes/remove.ts';
import type { VolumeRoom } from '#engine/volumes/room.ts';
import { openVolumes, type Volumes } from '#engine/volumes/volumes.ts';
import { bindMount } from '#kernel/mounts.ts';
import { openLeases } from '#storage/state/leases.ts';
import { openState } from '#storage/state/state.ts';

const root = mkdtempSync(join(tmpdir(), 'wharf-volume-faults-'));
const dir = join(root, 'volumes');
after(() => rmSync(root, { recursive: true }));

async function withVolumes(work: (volumes: Volumes) => Promise<void>): Promise<void> {
  await using state = openState(join(root, 'state.db'));
  await work(openVolumes({ dir, state, leases: openLeases(state), events: new EventLog() }));
}

const program = fileURLToPath(new URL('volumes-victim.ts', import.meta.url));
const count = 4_000;

/** How many entries there are in the folders that a copy may go to. */
const entriesOf = (folder: string): number =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true }).filter((name) => !/^_\w+$/.test(String(name))).length
    : 0;

test('a volume is filled from its image with all or with nothing, wherever the engine is killed', async () => {
  const source = join(root, 'image');
  mkdirSync(source);
  for (let number = 0; number < count; number++) writeFileSync(join(source, `${number}`), `${number}`);
  const child = spawn(process.execPath, [program, root, 'pool', source], {
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  while (entriesOf(join(dir, 'pool')) === 0) {
    assert.equal(child.exitCode, null, 'it ended before it was killed');
    await sleep(1);
  }
  // With the program that copies: a machine that loses its power kills both.
  process.kill(-(child.pid ?? 0), 'SIGKILL');
  await ended;
  await withVolumes(async (volumes) => {
    const found = readdirSync(volumes.path('pool')).length;
    assert.ok(found === 0 || found === count, `${found} of ${count} files`);
    assert.deepEqual(readdirSync(join(dir, 'pool')), ['_data'], 'what is half is trash');
    await volumes.copyUp('pool', source);
    assert.equal(readdirSync(volumes.path('pool')).length, count);
    await volumes.remove('pool');
  });
});

test('who has a volume already sees the files that another one’s image brings', async () => {
  await using state = openState(join(root, 'state.db'));
  const leases = openLeases(state);
  const volumes = openVolumes({ dir, state, leases, events: new EventLog() });
  const { Mountpoint: data } = await volumes.create({ Name: 'shared' });
  leases.hold('volume:shared', 'container:one');
  leases.hold('volume:shared', 'container:two');
  process.chdir(data);
  try {
    await volumes.copyUp('shared', join(root, 'image'));
    assert.equal(readdirSync('.').length, count, 'in the very folder');
  } finally {
    process.chdir('/');
  }
});

test('a removal that is cut off before it is written down leaves nothing for the next volume of the name', () => {
  const record: VolumeRecord = { name: 'old', createdAt: '', labels: null, options: null };
  mkdirSync(join(dir, 'old/_data'), { recursive: true });
  writeFileSync(join(dir, 'old/_data/secret'), 'of before');
  const killed = new Error('killed');
  const room = {
    dir,
    leases: { holders: () => [] },
    records: {
      get: () => record,
      put: () => {},
      delete: () => {
        throw killed;
      },
    },
  } as unknown as VolumeRoom;
  assert.throws(() => removeVolume(room, 'old', {}), killed);
  assert.equal(existsSync(join(dir, 'old')), false);
});

test('a removal that was cut off is completed at the next start', async () => {
  for (const hasFolder of [true, false]) {
    await withVolumes(async (volumes) => {
      await volumes.create({ Name: 'cut' });
      writeFileSync(join(volumes.path('cut'), 'file'), 'x');
    });
    {
      await using state = openState(join(root, 'state.db'));
      const records = state.collection<VolumeRecord>('volumes');
      const record = records.get('cut');
      assert.ok(record !== undefined);
      records.put('cut', { ...record, removing: true });
      if (!hasFolder) rmSync(join(dir, 'cut'), { recursive: true });
    }
    await withVolumes(async (volumes) => {
      assert.equal(volumes.has('cut'), false);
      assert.deepEqual(readdirSync((await volumes.create({ Name: 'cut' })).Mountpoint), []);
      await volumes.remove('cut');
    });
  }
});

test('a volume that was filled is there with its files at the next start, or not at all', async () => {
  const record = { createdAt: '', labels: null, options: null, arriving: true as const };
  mkdirSync(join(dir, 'arrived/_data'), { recursive: true });
  writeFileSync(join(dir, 'arrived/_data/file'), 'x');
  {
    await using state = openState(join(root, 'state.db'));
    const records = state.collection<VolumeRecord>('volumes');
    for (const name of ['arrived', 'late']) records.put(name, { ...record, name });
  }
  await withVolumes(async (volumes) => {
    assert.deepEqual([volumes.has('arrived'), volumes.has('late')], [true, false]);
    assert.deepEqual(readdirSync(volumes.path('arrived')), ['file']);
    await volumes.remove('arrived');
  });
});

test('what an earlier engine did not come to delete goes, and not what somebody mounted in it', async () => {
  const [elsewhere, trash] = [join(root, 'disk'), join(dir, '.trash-x')];
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, 'precious'), 'x');
  mkdirSync(join(trash, '_data/mounted'), { recursive: true });
  bindMount(elsewhere, join(trash, '_data/mounted'));
  await withVolumes(async () => {
    while (existsSync(trash)) await sleep(5);
  });
  assert.deepEqual(readdirSync(elsewhere), ['precious']);
});

test('a folder that no volume is known of is told, and can be a volume again', async () => {
  await withVolumes(async (volumes) => {
    await volumes.create({ Name: 'from' });
    const tar = await buffer(await volumes.pack('from'));
    mkdirSync(join(dir, 'orphan/_data'), { recursive: true });
    writeFileSync(join(dir, 'orphan/_data/file'), 'x');
    const refused = volumes.import('orphan', { stream: Readable.from(tar), merge: false });
    await assert.rejects(refused, {
      kind: 'conflict',
      message: /a folder of that name, of no volume that is known: .*orphan/,
      hint: /wharf volume create orphan/,
    });
    await volumes.create({ Name: 'orphan' });
    assert.deepEqual(readdirSync(volumes.path('orphan')), ['file']);
  });
});
