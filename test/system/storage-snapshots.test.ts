// Snapshots on real overlay mounts: write, change, commit without copying, remove, and recovery after a kill.
import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { observeMounts, unmountUnder } from '#kernel/mounts.ts';
import { isKind } from '#shared/errors.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { packLayer, unpackLayer } from '#storage/archive/archive.ts';
import { chainIdOn } from '#storage/snapshots/chain-id.ts';
import { openSnapshots, type Snapshots } from '#storage/snapshots/snapshots.ts';
import { openLeases } from '#storage/state/leases.ts';
import { openState, type State } from '#storage/state/state.ts';

const root = mkdtempSync(join(tmpdir(), 'wharf-storage-snapshots-'));
after(() => {
  unmountUnder(root);
  rmSync(root, { recursive: true, force: true });
});
let count = 0;

function newStore(dir = join(root, String(++count))): { dir: string; state: State; snapshots: Snapshots } {
  const state = openState(join(dir, 'state.db'));
  const snapshots = openSnapshots({ dir: join(dir, 'snapshots'), state, leases: openLeases(state) });
  snapshots.recover({ keepMounted: new Set() });
  return { dir, state, snapshots };
}

/** What layers put there; a mounted snapshot also shows the places that a box mounts things at. */
function namesIn(merged: string): string[] {
  return readdirSync(merged).filter((name) => !['dev', 'etc', 'proc', 'sys'].includes(name));
}

async function commit(snapshots: Snapshots, id: string): Promise<Digest> {
  const { diffId, contentBytes: sizeBytes } = await packLayer({ dir: snapshots.freeze(id) });
  const chainId = chainIdOn(snapshots.get(id).chainId, diffId);
  snapshots.commit(id, { chainId, diffId, sizeBytes });
  return chainId;
}

test('what is written in a snapshot becomes a layer, and the next stands on it', async () => {
  const { snapshots, state } = newStore();
  snapshots.create('one', null);
  const first = snapshots.mount('one');
  assert.equal(snapshots.mount('one'), first);
  mkdirSync(join(first, 'dir'));
  for (const name of ['keep', 'change', 'delete']) writeFileSync(join(first, 'dir', name), name);
  symlinkSync('/etc', join(first, 'link'));
  const below = await commit(snapshots, 'one');
  assert.equal(snapshots.find('one'), undefined);
  assert.equal(existsSync(first), false);

  snapshots.create('two', below);
  const second = snapshots.mount('two');
  writeFileSync(join(second, 'dir/change'), 'changed');
  rmSync(join(second, 'dir/delete'));
  writeFileSync(join(second, 'new'), 'new');
  rmSync(join(second, 'link'));
  mkdirSync(join(second, 'link'));
  writeFileSync(join(second, 'link/passwd'), '');
  assert.deepEqual(await snapshots.changes('two'), [
    { Path: '/dir', Kind: 0 },
    { Path: '/dir/change', Kind: 0 },
    { Path: '/dir/delete', Kind: 2 },
    { Path: '/link', Kind: 0 },
    { Path: '/link/passwd', Kind: 1 },
    { Path: '/new', Kind: 1 },
  ]);
  assert.equal((await snapshots.usage('two')).sizeBytes, 'changed'.length + 'new'.length);
  const above = await commit(snapshots, 'two');

  // The same through a blob, into another store.
  const other = newStore();
  for (const [chainId, parent] of [
    [below, null],
    [above, below],
  ] as const) {
    const blob = join(root, 'blob.tar');
    const { diffId } = await packLayer({ dir: snapshots.layer(chainId).dir, output: blob });
    await other.snapshots.addLayer({ chainId, parent, diffId }, (target) =>
      unpackLayer({ blob, mediaType: '', target }),
    );
  }
  for (const store of [snapshots, other.snapshots]) {
    store.create('look', above);
    const merged = store.mount('look');
    assert.deepEqual(namesIn(merged).sort(), ['dir', 'link', 'new']);
    assert.deepEqual(readdirSync(join(merged, 'dir')).sort(), ['change', 'keep']);
    assert.deepEqual(readdirSync(join(merged, 'link')), ['passwd']);
    assert.equal(readFileSync(join(merged, 'dir/change'), 'utf8'), 'changed');
    assert.equal(store.remove('look'), true);
    assert.equal(store.remove('look'), false);
    await store.drain();
  }
  await state[Symbol.asyncDispose]();
  await other.state[Symbol.asyncDispose]();
  assert.deepEqual(
    observeMounts().filter(({ target }) => target.startsWith(root)),
    [],
  );
});

test('layers in use are not removed, and concurrent adds unpack once', async () => {
  const { snapshots, state, dir } = newStore();
  const diffId: Digest = `sha256:${'a'.repeat(64)}`;
  let unpacked = 0;
  const unpack = async (target: string): Promise<{ diffId: Digest; sizeBytes: number }> => {
    unpacked++;
    writeFileSync(join(target, 'file'), 'x');
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { diffId, sizeBytes: 1 };
  };
  const request = { chainId: diffId, parent: null };
  await Promise.all([1, 2, 3].map(() => snapshots.addLayer(request, unpack)));
  assert.equal(unpacked, 1);
  const wrong: Digest = `sha256:${'b'.repeat(64)}`;
  await assert.rejects(snapshots.addLayer({ chainId: wrong, parent: null }, unpack), (thrown) =>
    isKind(thrown, 'invalid'),
  );
  await assert.rejects(snapshots.addLayer({ chainId: wrong, parent: wrong }, unpack), (thrown) =>
    isKind(thrown, 'not-found'),
  );
  const leases = openLeases(state);
  leases.hold(`layer:${diffId}`, 'image:x');
  assert.throws(() => snapshots.removeLayer(diffId), /in use by image:x/);
  leases.release('image:x');
  snapshots.create('user', diffId);
  assert.throws(
    () => snapshots.create('user', diffId),
    (thrown) => isKind(thrown, 'conflict'),
  );
  assert.throws(() => snapshots.removeLayer(diffId), /snapshot:user/);
  snapshots.remove('user');
  assert.equal(snapshots.removeLayer(diffId), true);
  assert.equal(snapshots.removeLayer(diffId), false);
  await snapshots.drain();
  for (const each of ['layers', 'active', 'tmp', 'trash'])
    assert.deepEqual(readdirSync(join(dir, 'snapshots', each)), []);
  await state[Symbol.asyncDispose]();
});

test('recovery sweeps what a killed engine left, and keeps what runs', async () => {
  const first = newStore();
  const { dir } = first;
  for (const id of ['running', 'stopped']) {
    first.snapshots.create(id, null);
    writeFileSync(join(first.snapshots.mount(id), 'data'), id);
  }
  const { diffId } = await packLayer({ dir: first.snapshots.lowersOf(null)[0] ?? '' });
  await first.snapshots.addLayer({ chainId: diffId, parent: null }, async () => ({ diffId, sizeBytes: 0 }));
  const lost = first.snapshots.layer(diffId).dir;
  await first.state[Symbol.asyncDispose]();
  const place = join(dir, 'snapshots');
  mkdirSync(join(place, 'tmp/900/fs/half'), { recursive: true });
  mkdirSync(join(place, 'layers/901/fs'), { recursive: true });
  mkdirSync(join(place, 'active/902/upper'), { recursive: true });
  mkdirSync(join(place, 'trash/903'), { recursive: true });
  for (let n = 0; n < 100; n++) writeFileSync(join(place, 'trash/903', String(n)), '');
  rmSync(join(lost, '..'), { recursive: true });

  const state = openState(join(dir, 'state.db'));
  const snapshots = openSnapshots({ dir: place, state, leases: openLeases(state) });
  const report = snapshots.recover({ keepMounted: new Set(['running']) });
  assert.deepEqual(report.unmounted, ['stopped']);
  assert.deepEqual(report.lostLayers, [diffId]);
  assert.equal(report.swept.length, 3);
  assert.equal(snapshots.isMounted('running'), true);
  await snapshots.drain();
  assert.deepEqual(readdirSync(join(place, 'trash')), []);
  assert.deepEqual(readdirSync(join(place, 'tmp')), []);
  assert.deepEqual(readdirSync(join(place, 'layers')), []);
  assert.equal(readdirSync(join(place, 'active')).length, 2);
  assert.equal(readFileSync(join(snapshots.mount('stopped'), 'data'), 'utf8'), 'stopped');
  for (const id of snapshots.ids()) snapshots.remove(id);
  await snapshots[Symbol.asyncDispose]();
  await state[Symbol.asyncDispose]();
});

test('128 layers mount, and create with mount is cheap', async () => {
  const { snapshots, state } = newStore();
  let chainId: Digest | null = null;
  for (let n = 0; n < 128; n++) {
    snapshots.create(`step${n}`, chainId);
    const { upper } = snapshots.get(`step${n}`);
    writeFileSync(join(upper, `file${n}`), String(n));
    chainId = await commit(snapshots, `step${n}`);
  }
  snapshots.create('all', chainId);
  assert.equal(namesIn(snapshots.mount('all')).length, 128);
  assert.equal(lstatSync(snapshots.mount('all')).mode & 0o7777, 0o755);
  snapshots.remove('all');
  const times: number[] = [];
  for (let n = 0; n < 15; n++) {
    const start = performance.now();
    snapshots.create(`quick${n}`, snapshots.layers()[0]?.chainId ?? null);
    snapshots.mount(`quick${n}`);
    times.push(performance.now() - start);
    snapshots.remove(`quick${n}`);
  }
  const median = times.sort((a, b) => a - b)[7] ?? 0;
  assert.ok(median < 15, `create + mount took ${median} ms`);
  console.log(`create + mount: ${median.toFixed(2)} ms`);
  await snapshots[Symbol.asyncDispose]();
  await state[Symbol.asyncDispose]();
});
