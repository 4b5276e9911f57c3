// Data that stays: volumes and bind mounts as users have them, by our command line and by the stock client.
import assert from 'node:assert/strict';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Client, type EngineUnderTest, noDocker, type Ran, startEngine } from './engine-under-test.ts';

let engine: EngineUnderTest;
before(async () => {
  engine = await startEngine();
  assert.equal((await engine.wharf(['pull', '-q', 'busybox'])).code, 0);
});
after(async () => engine?.[Symbol.asyncDispose]());

const fine = (ran: Ran): string => {
  assert.equal(ran.code, 0, `${ran.stdout}${ran.stderr}`);
  return ran.stdout.trim();
};

for (const name of ['wharf', 'docker'] as const) {
  const skip = name === 'docker' ? noDocker : undefined;
  describe(`volumes by ${name}`, { skip: skip ?? false }, () => {
    let run: Client;
    before(() => {
      run = name === 'docker' ? (engine.docker ?? engine.wharf) : engine.wharf;
    });
    const volume = `${name}-data`;
    const inside = (...args: string[]): Promise<Ran> => run(['run', '--rm', '--network', 'none', ...args]);

    test('data outlive their container, and the engine', async () => {
      fine(await run(['volume', 'create', '--label', 'kind=test', volume]));
      fine(
        await inside('-v', `${volume}:/d`, 'busybox', 'sh', '-c', 'mkdir -p /d/sub; echo kept > /d/sub/file'),
      );
      await engine.killHard();
      await engine.start();
      assert.equal(fine(await inside('-v', `${volume}:/d`, 'busybox', 'cat', '/d/sub/file')), 'kept');
      assert.equal(
        fine(await run(['volume', 'ls', '-q', '--filter', 'label=kind=test', '--filter', `name=${volume}`])),
        volume,
      );
    });

    test('a part of a volume, read-only', async () => {
      const mount = `type=volume,source=${volume},target=/m,volume-subpath=sub,readonly`;
      assert.equal(fine(await inside('--mount', mount, 'busybox', 'cat', '/m/file')), 'kept');
      const refused = await inside('--mount', mount, 'busybox', 'touch', '/m/x');
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /Read-only file system/);
    });

    test('a volume in use stays, its users are named', async () => {
      const id = fine(
        await run(['create', '--name', `${name}-user`, '-v', `${volume}:/d`, 'busybox', 'true']),
      );
      const refused = await run(['volume', 'rm', volume]);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, new RegExp(`remove ${volume}: volume is in use - \\[${id}\\]`));
      assert.equal(
        fine(await run(['ps', '-a', '--filter', `volume=${volume}`, '--format', '{{.Names}}'])),
        `${name}-user`,
      );
      fine(await run(['rm', `${name}-user`]));
      fine(await run(['volume', 'rm', volume]));
    });

    test('a missing source is made for -v, and refused for --mount', async () => {
      const missing = join(engine.folder, `${name}-made`);
      const refused = await inside('--mount', `type=bind,source=${missing},target=/m`, 'busybox', 'true');
      assert.equal(refused.code, 125);
      assert.match(refused.stderr, /bind source path does not exist/);
      fine(await inside('-v', `${missing}:/m`, 'busybox', 'touch', '/m/x'));
      assert.ok((await stat(join(missing, 'x'))).isFile());
    });

    test('tmpfs has its size, and volumes-from brings what another has', async () => {
      const df = fine(await inside('--tmpfs', '/t:size=4m', 'busybox', 'sh', '-c', 'df -k /t | tail -1'));
      assert.match(df, /\b4096\b/);
      fine(await run(['create', '--name', `${name}-donor`, '-v', '/shared', 'busybox', 'true']));
      fine(await inside('--volumes-from', `${name}-donor`, 'busybox', 'touch', '/shared/x'));
      assert.equal(fine(await inside('--volumes-from', `${name}-donor:ro`, 'busybox', 'ls', '/shared')), 'x');
      fine(await run(['rm', '-v', `${name}-donor`]));
    });

    test('an image is mounted', async () => {
      const ran = await inside(
        '--mount',
        'type=image,source=busybox,target=/i',
        'busybox',
        'ls',
        '/i/bin/sh',
      );
      assert.equal(fine(ran), '/i/bin/sh');
      const missing = await inside('--mount', 'type=image,source=no-such,target=/i', 'busybox', 'true');
      assert.match(missing.stderr, /No such image: no-such:latest/);
    });
  });
}

test('files of a bind mount belong to the right user of the host, when asked', async () => {
  const folder = join(engine.folder, 'own');
  await mkdir(folder);
  await writeFile(join(folder, 'file'), 'x');
  const mapped = ['run', '--rm', '--network', 'none', '-u', '1000:1000', '-v', `${folder}:/m:idmap`];
  assert.equal(
    fine(await engine.wharf([...mapped, 'busybox', 'sh', '-c', 'echo new > /m/made; stat -c %u /m/made'])),
    '1000',
  );
  assert.equal((await stat(join(folder, 'made'))).uid, 0);
  fine(
    await engine.wharf([
      'run',
      '--rm',
      '--network',
      'none',
      '-u',
      '1000:1000',
      '-v',
      `${folder}:/m:U`,
      'busybox',
      'touch',
      '/m/file',
    ]),
  );
  assert.equal((await stat(join(folder, 'file'))).uid, 1000);
});

test('export, import, clone, rename, browse, and who uses what', async () => {
  const { wharf } = engine;
  fine(
    await wharf([
      'run',
      '--name',
      'writer',
      '--network',
      'none',
      '-v',
      'first:/d',
      'busybox',
      'sh',
      '-c',
      'echo hello > /d/file; head -c 3000000 /dev/urandom > /d/noise',
    ]),
  );
  const archive = join(engine.folder, 'first.tar');
  fine(await wharf(['volume', 'export', '-o', archive, 'first']));
  assert.equal(fine(await wharf(['volume', 'import', 'second', archive])), 'second');
  assert.equal(fine(await wharf(['volume', 'browse', 'second', '/file'])), 'hello');
  assert.match(fine(await wharf(['volume', 'browse', 'second'])), /-rw-r--r-- +0:0 +6 .* file/);
  // More than a socket holds: the answer comes while the archive is still on its way.
  for (let time = 0; time < 5; time++) {
    const refused = await wharf(['volume', 'import', 'second', archive]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /the volume is not empty[\s\S]*--merge/);
  }
  fine(await wharf(['volume', 'import', '--merge', 'second', archive]));
  fine(await wharf(['volume', 'clone', 'second', 'third']));
  fine(await wharf(['volume', 'rename', 'third', 'fourth']));
  assert.match(fine(await wharf(['volume', 'ls', '--size'])), /local +first +\S+ +writer/);
  const inUse = await wharf(['volume', 'rename', 'first', 'fifth']);
  assert.match(inUse.stderr, /volume is in use/);
  const shown: unknown = JSON.parse(fine(await wharf(['volume', 'inspect', '--size', 'first'])));
  assert.deepEqual(Array.isArray(shown) ? shown[0].UsedBy : undefined, ['writer']);
  fine(await wharf(['rm', 'writer']));
  assert.equal(fine(await wharf(['volume', 'browse', 'fourth', 'file'])), 'hello');
  assert.ok((await readFile(archive)).length > 0);
});
