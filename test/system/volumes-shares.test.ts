// Volumes of the driver local on real servers: NFS by IPv4, IPv6 and name, SMB; and what is said where that fails.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { EventLog } from '#engine/events.ts';
import { openVolumes } from '#engine/volumes/volumes.ts';
import { isMountPoint, mountTmpfs, unmountUnder } from '#kernel/mounts.ts';
import { openLeases } from '#storage/state/leases.ts';
import { openState } from '#storage/state/state.ts';
import { endEngine, importBusybox, newPlace, openAt, runIn } from './containers-fixture.ts';
import { enterOwnHost, host } from './networks-own-host.ts';
import { lackingNfs, lackingSmb, startNfs, startSmb } from './share-servers.ts';

const place = await enterOwnHost();
const root = mkdtempSync(join(tmpdir(), 'wharf-shares-'));
mountTmpfs(root);
const state = openState(join(root, 'state.db'));
const leases = openLeases(state);
const dir = join(root, 'volumes');
const volumes = openVolumes({ dir, state, leases, events: new EventLog() });
const holder = 'c-shares';

after(async () => {
  await state[Symbol.asyncDispose]();
  unmountUnder(root);
  rmSync(root, { recursive: true });
  place.close();
});

const noNfs = await lackingNfs();
const noSmb = await lackingSmb();

const create = (Name: string, type: string, device: string, o: string) =>
  volumes.create({ Name, Driver: 'local', DriverOpts: { type, device, o } });

/** The mounted volume's path. */
const mountOf = (name: string) => volumes.mountFor(holder, name);

async function removeAll(...names: string[]): Promise<void> {
  leases.release(`container:${holder}`);
  for (const name of names) await volumes.remove(name);
}

test('NFS: data are the server’s, whichever volume leads there, and stay', { skip: noNfs }, async () => {
  const server = await startNfs(join(root, 'nfs'));
  try {
    writeFileSync(join(server.folder, 'before'), 'of the server');
    await create('four', 'nfs', ':/export', `addr=${host.ipv4},rw,vers=4`);
    await create('six', 'nfs', ':/export', `addr=${host.ipv6},vers=4.2`);
    await create('four4', 'nfs4', ':/export', `addr=${host.ipv4}`);
    await create('named', 'nfs', 'localhost:/export', 'vers=4,soft');
    await create('read', 'nfs', ':/export', `addr=${host.ipv4},ro`);
    const four = await mountOf('four');
    assert.equal(isMountPoint(four), true);
    assert.equal(readFileSync(join(four, 'before'), 'utf8'), 'of the server');
    writeFileSync(join(four, 'made'), 'by a container');
    for (const name of ['six', 'four4', 'named', 'read'])
      assert.equal(readFileSync(join(await mountOf(name), 'made'), 'utf8'), 'by a container', name);
    assert.equal(readFileSync(join(server.folder, 'made'), 'utf8'), 'by a container');
    assert.throws(() => writeFileSync(join(volumes.path('read'), 'no'), ''), { code: 'EROFS' });
    assert.equal(await mountOf('four'), four, 'a second container has the same mount');
    await removeAll('four', 'six', 'four4', 'named', 'read');
    assert.equal(isMountPoint(four), false);
    assert.equal(
      readFileSync(join(server.folder, 'made'), 'utf8'),
      'by a container',
      'removal is ours alone',
    );
    await create('again', 'nfs', ':/export', `addr=${host.ipv4},vers=4`);
    assert.equal(readFileSync(join(await mountOf('again'), 'made'), 'utf8'), 'by a container');
    await removeAll('again');
  } finally {
    await server.close();
  }
});

test('NFS: a container’s files go to the share, which is filled from its image and leaves with it', {
  skip: noNfs,
}, async () => {
  const server = await startNfs(join(root, 'nfs-filled'));
  using engines = newPlace();
  const engine = await openAt(engines);
  try {
    await importBusybox(engine, engines.dir);
    const DriverOpts = { type: 'nfs', device: ':/export', o: `addr=${host.ipv4},vers=4` };
    const { Mountpoint } = await engine.volumes.create({ Name: 'shared', DriverOpts });
    const HostConfig = {
      NetworkMode: 'none',
      Mounts: [{ Type: 'volume' as const, Source: 'shared', Target: '/data' }],
    };
    const script = 'cat /data/seed; id -u >/data/made; ls -ln /data/made';
    const ran = await runIn(engine, { Cmd: ['sh', '-c', script], User: '0', HostConfig });
    assert.match(ran.stdout, /^from the image\n-rw-r--r-- +1 0 +0 /);
    assert.equal(readFileSync(join(server.folder, 'made'), 'utf8'), '0\n');
    assert.equal(readFileSync(join(server.folder, 'seed'), 'utf8'), 'from the image\n');
    await engine.containers.settle();
    assert.equal(isMountPoint(Mountpoint), false, 'nobody runs with it any more');
    const again = await runIn(engine, { Cmd: ['cat', '/data/made'], HostConfig });
    assert.equal(again.stdout, '0\n');
  } finally {
    await endEngine(engine);
    await server.close();
  }
});

test('NFS: wrong servers, paths and options are told in words', { skip: noNfs }, async () => {
  const server = await startNfs(join(root, 'nfs-wrong'));
  const refused: [string, string, RegExp][] = [
    [':/none', `addr=${host.ipv4},vers=4`, /No such file or directory/],
    [':/export', `addr=${host.ipv4},vers=4,odd=1`, /incorrect mount option/],
    [':/export', 'addr=no-such-server.invalid,vers=4', /lookup no-such-server\.invalid: no such host/],
  ];
  try {
    for (const [index, [device, o, words]] of refused.entries()) {
      await create(`wrong${index}`, 'nfs', device, o);
      await assert.rejects(mountOf(`wrong${index}`), {
        kind: 'invalid',
        message: new RegExp(
          `^error while mounting volume '.*': (failed to mount local volume|error resolving passed in network volume address): .*${words.source}`,
          's',
        ),
      });
      assert.equal(isMountPoint(volumes.path(`wrong${index}`)), false);
    }
    await removeAll(...refused.map((_, index) => `wrong${index}`));
  } finally {
    await server.close();
  }
  await create('shut', 'nfs', ':/export', `addr=${host.ipv4},vers=4`);
  const beganMs = Date.now();
  await assert.rejects(mountOf('shut'), { message: /failed to mount local volume: .*Connection refused/ });
  assert.ok(Date.now() - beganMs < 30_000, 'a server that refuses is not asked for a minute');
  await removeAll('shut');
});

test('SMB: data go by name and password, and wrong ones are told in words', { skip: noSmb }, async () => {
  const server = await startSmb(join(root, 'smb'), 'secret');
  const user = 'username=root,password=secret';
  try {
    await create('share', 'cifs', `//${host.ipv4}/export`, `${user},vers=3.0`);
    await create('named', 'cifs', '//fileserver/export', `addr=${host.ipv4},${user},vers=3.0,file_mode=0640`);
    const path = await mountOf('share');
    writeFileSync(join(path, 'made'), 'by a container');
    assert.equal(readFileSync(join(server.folder, 'made'), 'utf8'), 'by a container');
    const named = await mountOf('named');
    assert.equal(readFileSync(join(named, 'made'), 'utf8'), 'by a container');
    assert.equal(statSync(join(named, 'made')).mode & 0o777, 0o640);
    await removeAll('share', 'named');
    assert.equal(isMountPoint(path), false);
    const refused: [string, string, RegExp][] = [
      [`//${host.ipv4}/none`, user, /No such file or directory/],
      [`//${host.ipv4}/export`, 'username=root,password=wrong', /Permission denied/],
      [`//${host.ipv4}/export`, `${user},odd=1`, /Invalid argument/],
    ];
    for (const [index, [device, o, words]] of refused.entries()) {
      await create(`denied${index}`, 'cifs', device, o);
      await assert.rejects(mountOf(`denied${index}`), (thrown: Error & { hint?: string }) => {
        assert.match(thrown.message, words);
        assert.doesNotMatch(
          `${thrown.message} ${thrown.hint}`,
          /secret|password=wrong/,
          'no password is told',
        );
        return true;
      });
    }
    await removeAll(...refused.map((_, index) => `denied${index}`));
  } finally {
    await server.close();
  }
  await create('shut', 'cifs', `//${host.ipv4}/export`, user);
  await assert.rejects(mountOf('shut'), { message: /could not connect to 192\.0\.2\.1/ });
  await removeAll('shut');
});
