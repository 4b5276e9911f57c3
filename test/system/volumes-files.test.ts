// What is in volumes: listed, read, exported, imported, cloned, renamed; and what a crash in between leaves.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { EventLog } from '#engine/events.ts';
import type { VolumeRecord } from '#engine/volumes/record.ts';
import { openVolumes } from '#engine/volumes/volumes.ts';
import { openLeases } from '#storage/state/leases.ts';
import { openState } from '#storage/state/state.ts';

const root = mkdtempSync(join(tmpdir(), 'wharf-volume-files-'));
const state = openState(join(root, 'state.db'));
const leases = openLeases(state);
const dir = join(root, 'volumes');
const open = () => openVolumes({ dir, state, leases, events: new EventLog() });
const volumes = open();

after(async () => {
  await state[Symbol.asyncDispose]();
  rmSync(root, { recursive: true });
});

async function filled(name: string): Promise<string> {
  const { Mountpoint: data } = await volumes.create({ Name: name, Labels: { kind: 'test' } });
  mkdirSync(join(data, 'sub'));
  writeFileSync(join(data, 'sub/file'), 'hello\n');
  chownSync(join(data, 'sub/file'), 1234, 2345);
  chmodSync(join(data, 'sub/file'), 0o4750);
  linkSync(join(data, 'sub/file'), join(data, 'again'));
  symlinkSync('/etc/passwd', join(data, 'out'));
  return data;
}

const names = (): string[] => volumes.list().map(({ Name }) => Name);

test('files are listed and read, and no link leads out', async () => {
  await filled('look');
  const listing = await volumes.listFiles('look', '/');
  assert.deepEqual(
    listing.Entries.map(({ Name, Type }) => [Name, Type]),
    [
      ['again', 'file'],
      ['out', 'symlink'],
      ['sub', 'directory'],
    ],
  );
  assert.equal(listing.Entries[1]?.LinkTarget, '/etc/passwd');
  const { Uid, Gid, Mode, Size } = await volumes.listFiles('look', 'sub/file');
  assert.deepEqual([Uid, Gid, Mode, Size], [1234, 2345, 0o4750, 6]);
  assert.equal(await text(await volumes.readFile('look', '/sub/file')), 'hello\n');
  await assert.rejects(volumes.readFile('look', '/out'), { kind: 'not-found' });
  await assert.rejects(volumes.listFiles('look', '/../../etc'), { kind: 'not-found' });
  await assert.rejects(volumes.readFile('look', '/sub'), { kind: 'invalid', message: /not a regular file/ });
  await assert.rejects(volumes.readFile('look', '/a\0'), { kind: 'invalid', message: /null byte/ });
  await assert.rejects(volumes.listFiles('none', '/'), { kind: 'not-found', message: /no such volume/ });
});

test('what is exported comes back the same', async () => {
  const from = await filled('from');
  chownSync(from, 999, 998);
  chmodSync(from, 0o2700);
  const tar = await buffer(await volumes.pack('from'));
  const { Mountpoint: data } = await volumes.import('back', { stream: Readable.from(tar), merge: false });
  const top = statSync(data);
  assert.deepEqual([top.uid, top.gid, top.mode & 0o7777], [999, 998, 0o2700], 'the volume itself, too');
  const stat = statSync(join(data, 'sub/file'));
  assert.deepEqual([stat.uid, stat.gid, stat.mode & 0o7777, stat.nlink], [1234, 2345, 0o4750, 2]);
  assert.deepEqual(readdirSync(data).sort(), ['again', 'out', 'sub']);
  await assert.rejects(volumes.import('back', { stream: Readable.from(tar), merge: false }), {
    kind: 'conflict',
    message: /the volume is not empty/,
  });
  writeFileSync(join(data, 'mine'), 'kept');
  await volumes.import('back', { stream: Readable.from(tar), merge: true });
  assert.equal(readFileSync(join(data, 'mine'), 'utf8'), 'kept');
});

test('an archive that breaks off, or would climb out, leaves no volume behind', async () => {
  await filled('whole');
  const tar = await buffer(await volumes.pack('whole'));
  const half = tar.subarray(0, 1100);
  await assert.rejects(volumes.import('torn', { stream: Readable.from([half]), merge: false }));
  const outside = join(root, 'outside');
  writeFileSync(outside, 'x');
  const climbing = execFileSync('tar', ['-C', join(dir, 'whole'), '-cPf', '-', '../../outside']);
  await assert.rejects(volumes.import('climb', { stream: Readable.from([climbing]), merge: false }));
  assert.deepEqual(
    names().filter((name) => name === 'torn' || name === 'climb'),
    [],
  );
  assert.deepEqual(
    readdirSync(dir).filter((name) => name.startsWith('.trash-') || name === 'torn' || name === 'climb'),
    [],
  );
});

test('a name that is none touches no volume', async () => {
  const data = await filled('bystander');
  const stream = () => Readable.from([Buffer.from('this is no tar')]);
  for (const name of ['', '.', '..', '../volumes', 'a/b', '.trash-x']) {
    await assert.rejects(volumes.import(name, { stream: stream(), merge: false }), Error, name);
    await assert.rejects(volumes.clone('bystander', name), Error, name);
    await assert.rejects(volumes.rename('bystander', name), Error, name);
    await assert.rejects(volumes.remove(name), Error, name);
  }
  assert.equal(readFileSync(join(data, 'sub/file'), 'utf8'), 'hello\n');
});

test('a prune waits for a volume that is being filled, and does not break it', async () => {
  await volumes.create({ Name: 'filling' });
  const tar = await buffer(await volumes.pack('bystander'));
  async function* slowly(): AsyncGenerator<Buffer> {
    yield tar.subarray(0, 512);
    await volumes.list();
    yield tar.subarray(512);
  }
  const filling = volumes.import('filling', { stream: Readable.from(slowly()), merge: false });
  const pruning = volumes.prune(new Map([['all', ['true']]]));
  await filling;
  await pruning;
  assert.ok(!names().includes('filling'), 'pruned, but afterwards');
});

test('a clone has the same files and is its own', async () => {
  const data = await filled('original');
  const clone = await volumes.clone('original', 'copy');
  assert.deepEqual(clone.Labels, { kind: 'test' });
  const stat = statSync(join(clone.Mountpoint, 'sub/file'));
  assert.deepEqual([stat.uid, stat.mode & 0o7777, stat.nlink], [1234, 0o4750, 2]);
  writeFileSync(join(clone.Mountpoint, 'sub/file'), 'other\n');
  assert.equal(readFileSync(join(data, 'sub/file'), 'utf8'), 'hello\n');
  await assert.rejects(volumes.clone('original', 'copy'), { kind: 'conflict', message: /already exists/ });
  await assert.rejects(volumes.clone('none', 'x-copy'), { kind: 'not-found' });
  await assert.rejects(volumes.clone('original', '../x'), { kind: 'invalid' });
});

test('a rename keeps all, and is refused while a container has the volume', async () => {
  await filled('early');
  leases.hold('volume:early', 'container:c1');
  await assert.rejects(volumes.rename('early', 'late'), {
    kind: 'conflict',
    message: /volume is in use - \[c1\]/,
  });
  leases.release('container:c1');
  const { Mountpoint: data } = await volumes.rename('early', 'late');
  assert.equal(readFileSync(join(data, 'sub/file'), 'utf8'), 'hello\n');
  assert.ok(!names().includes('early') && names().includes('late'));
  await assert.rejects(volumes.rename('late', 'copy'), { kind: 'conflict' });
  await assert.rejects(volumes.rename('late', 'late'), { kind: 'conflict' });
});

test('usage tells size and users', async () => {
  const data = await filled('used');
  writeFileSync(join(data, 'big'), Buffer.alloc(1 << 20, 1));
  leases.hold('volume:used', 'container:0123456789abcdef');
  const usage = await volumes.usageOf('used');
  leases.release('container:0123456789abcdef');
  assert.ok(usage.Size >= 1 << 20, String(usage.Size));
  assert.deepEqual(usage.UsedBy, ['0123456789ab']);
});

test('a rename that was cut off is completed or forgotten at the next start', async () => {
  const records = state.collection<VolumeRecord>('volumes');
  await filled('cut');
  const intent = { ...must(records.get('cut')), name: 'cut-new', renamedFrom: 'cut' };
  records.put('cut-new', intent);
  assert.deepEqual(
    cutNames(
      open()
        .list()
        .map(({ Name }) => Name),
    ),
    ['cut'],
    'before the folder moved',
  );
  records.put('cut-new', intent);
  renameSync(join(dir, 'cut'), join(dir, 'cut-new'));
  const reopened = open();
  assert.deepEqual(cutNames(reopened.list().map(({ Name }) => Name)), ['cut-new'], 'after it moved');
  assert.ok(existsSync(join(reopened.path('cut-new'), 'sub/file')));
});

const cutNames = (all: string[]): string[] => all.filter((name) => name.startsWith('cut'));

function must<T>(value: T | undefined): T {
  assert.ok(value !== undefined);
  return value;
}
