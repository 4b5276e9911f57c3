// Containers from create to remove, on the real kernel.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '#engine/open.ts';
import { EngineError } from '#shared/errors.ts';
import { endEngine, importBusybox, mountsBelow, newPlace, openAt, runIn } from './containers-fixture.ts';

const place = newPlace();
let engine: Engine;
before(async () => {
  engine = await openAt(place);
  await importBusybox(engine, place.dir);
});
after(async () => {
  await endEngine(engine);
  assert.deepEqual(mountsBelow(place.dir), []);
  place[Symbol.dispose]();
});

const none = { NetworkMode: 'none' };
const refused = (kind: string, message: RegExp) => (thrown: unknown) => {
  assert.ok(thrown instanceof EngineError, String(thrown));
  assert.equal(thrown.kind, kind);
  assert.match(thrown.message, message);
  return true;
};

async function sleeper(name: string, extra: object = {}): Promise<string> {
  const { Id } = await engine.containers.create(
    { Image: 'busybox', Cmd: ['sleep', '1000'], HostConfig: { ...none, ...extra } },
    { name },
  );
  await engine.containers.start(Id);
  return Id;
}

describe('a run', () => {
  test('output, exit code, environment, host name', async () => {
    const script = 'echo out; echo err >&2; echo $HOSTNAME $(hostname) $HOME $A; pwd; exit 7';
    const ran = await runIn(engine, {
      Cmd: ['sh', '-c', script],
      Env: ['A=b'],
      WorkingDir: '/new/dir',
      HostConfig: none,
    });
    assert.equal(ran.code, 7);
    assert.equal(ran.stderr, 'err\n');
    const short = ran.id.slice(0, 12);
    assert.equal(ran.stdout, `out\n${short} ${short} /root b\n/new/dir\n`);
    const { State } = await engine.containers.inspect(ran.id);
    assert.equal(State.Status, 'exited');
    assert.equal(State.ExitCode, 7);
    const [row] = await engine.containers.list({ filters: new Map([['id', [ran.id]]]), all: true });
    assert.match(row?.Status ?? '', /^Exited \(7\) (Less than a second|\d seconds?) ago$/);
  });

  test('as a user of the image, with its groups', async () => {
    const ran = await runIn(engine, { Cmd: ['id'], User: 'app', HostConfig: none });
    assert.match(ran.stdout, /uid=1000\(app\) gid=1000\(app\) groups=.*2000\(extra\)/);
    await assert.rejects(
      runIn(engine, { Cmd: ['id'], User: 'nobody-here', HostConfig: none }),
      refused('invalid', /unable to find user nobody-here: no matching entries in passwd file/),
    );
  });

  test('a program that is not there', async () => {
    const { Id } = await engine.containers.create({ Image: 'busybox', Cmd: ['nope'], HostConfig: none });
    await assert.rejects(engine.containers.start(Id), (thrown: unknown) => {
      assert.match(String(thrown), /exec: "nope": executable file not found in \$PATH/);
      assert.equal((thrown as { exitCode?: number }).exitCode, 127);
      return true;
    });
    const { State } = await engine.containers.inspect(Id);
    assert.equal(State.Status, 'created');
    assert.equal(State.ExitCode, 127);
  });

  test('with AutoRemove it is gone after its end', async () => {
    const { Id } = await engine.containers.create({
      Image: 'busybox',
      Cmd: ['sh', '-c', 'exit 3'],
      HostConfig: { ...none, AutoRemove: true },
    });
    const removed = engine.containers.wait(Id, 'removed');
    await engine.containers.start(Id);
    assert.deepEqual(await removed, { StatusCode: 3 });
    assert.throws(() => engine.containers.find(Id), refused('not-found', /No such container/));
  });

  test('stdin, once', async () => {
    const { containers } = engine;
    const { Id } = await containers.create({
      Image: 'busybox',
      Cmd: ['cat'],
      OpenStdin: true,
      StdinOnce: true,
      HostConfig: none,
    });
    await using stream = await containers.attach(Id, { stdin: true, stdout: true, stream: true });
    await containers.start(Id);
    await stream.write(Buffer.from('to and fro\n'));
    stream.endInput();
    let said = '';
    for await (const { data } of stream.output) said += data.toString('utf8');
    assert.equal(said, 'to and fro\n');
  });
});

describe('states', () => {
  test('start, stop, kill, pause and their refusals', async () => {
    const { containers } = engine;
    const id = await sleeper('states');
    assert.equal(await containers.start('states'), false);
    await assert.rejects(
      containers.remove('states'),
      refused('conflict', /^cannot remove container "states": container is running/),
    );
    await containers.pause('states');
    assert.match((await containers.list())[0]?.Status ?? '', /^Up .*\(Paused\)$/);
    await assert.rejects(containers.pause('states'), refused('conflict', /is already paused/));
    await assert.rejects(containers.start('states'), refused('conflict', /cannot start a paused container/));
    assert.throws(
      () => containers.execCreate('states', { Cmd: ['true'] }),
      refused('conflict', /is paused, unpause/),
    );
    await containers.unpause('states');
    await assert.rejects(containers.unpause('states'), refused('conflict', /is not paused/));
    await containers.kill('states', 9);
    assert.equal((await containers.inspect('states')).State.ExitCode, 137);
    await assert.rejects(containers.kill('states', 9), refused('conflict', /is not running/));
    assert.equal(await containers.stop('states'), false);
    assert.equal(await containers.start('states'), true);
    assert.equal(await containers.stop('states', { timeoutSeconds: 1 }), true);
    assert.equal((await containers.inspect('states')).State.ExitCode, 137);
    await containers.rename('states', 'other');
    await assert.rejects(containers.inspect('states'), refused('not-found', /No such container: states/));
    await containers.remove(id.slice(0, 10));
  });

  test('names are one of a kind', async () => {
    const id = await sleeper('only');
    await assert.rejects(
      engine.containers.create({ Image: 'busybox', Cmd: ['true'] }, { name: 'only' }),
      refused(
        'conflict',
        new RegExp(`^Conflict. The container name "/only" is already in use by container "${id}"`),
      ),
    );
    await engine.containers.remove('only', { force: true });
    const again = await engine.containers.create(
      { Image: 'busybox', Cmd: ['true'], HostConfig: none },
      { name: 'only' },
    );
    await engine.containers.remove(again.Id);
  });

  test('restart policies', async () => {
    const { containers } = engine;
    const { Id } = await containers.create({
      Image: 'busybox',
      Cmd: ['false'],
      HostConfig: { ...none, RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } },
    });
    await containers.start(Id);
    const deadline = Date.now() + 5_000;
    while ((await containers.inspect(Id)).State.Status !== 'exited' && Date.now() < deadline) await sleep(20);
    const { State, RestartCount } = await containers.inspect(Id);
    assert.equal(State.Status, 'exited');
    assert.equal(RestartCount, 2);
  });

  test('what cannot be created', async () => {
    const { containers } = engine;
    const base = { Image: 'busybox', Cmd: ['true'] };
    await assert.rejects(
      containers.create({ ...base, Image: 'nosuch' }),
      refused('not-found', /No such image: nosuch/),
    );
    await assert.rejects(
      containers.create({ ...base, HostConfig: { Memory: 1024 } }),
      refused('invalid', /Minimum memory limit allowed is 6MB/),
    );
    await assert.rejects(
      containers.create({
        ...base,
        HostConfig: { Mounts: [{ Type: 'bind', Source: '/no/such', Target: '/x' }] },
      }),
      refused('invalid', /bind source path does not exist: \/no\/such/),
    );
    await assert.rejects(containers.create({ Image: 'busybox' }), refused('invalid', /no command specified/));
  });
});

describe('exec', () => {
  test('output, exit code, environment and failure', async () => {
    const { containers } = engine;
    await sleeper('execs');
    const id = containers.execCreate('execs', {
      Cmd: ['sh', '-c', 'echo $A; id -u; exit 4'],
      Env: ['A=x'],
      User: 'app',
      AttachStdout: true,
    });
    await using stream = await containers.execStart(id);
    let said = '';
    for await (const { data } of stream.output) said += data.toString('utf8');
    assert.equal(said, 'x\n1000\n');
    while (containers.execInspect(id).Running) await sleep(5);
    assert.equal(containers.execInspect(id).ExitCode, 4);
    assert.throws(
      () => containers.execInspect('0'.repeat(64)),
      refused('not-found', /No such exec instance/),
    );
    await containers.remove('execs', { force: true });
  });
});

describe('files and mounts', () => {
  test('a volume is filled from the image and keeps what is written', async () => {
    const HostConfig = { ...none, Binds: ['kept:/data'] };
    const first = await runIn(engine, {
      Cmd: ['sh', '-c', 'cat /data/seed; echo more > /data/more'],
      HostConfig,
    });
    assert.equal(first.stdout, 'from the image\n');
    const second = await runIn(engine, { Cmd: ['cat', '/data/more'], HostConfig });
    assert.equal(second.stdout, 'more\n');
    await assert.rejects(engine.volumes.remove('kept'), refused('conflict', /in use/));
  });

  test('read-only root, tmpfs, read-only bind', async () => {
    const HostConfig = {
      ...none,
      ReadonlyRootfs: true,
      Tmpfs: { '/tmp': 'size=1m' },
      Binds: [`${place.dir}/made:/b:ro`],
    };
    const script = 'touch /x; touch /b/x; touch /tmp/x && echo tmp';
    const ran = await runIn(engine, { Cmd: ['sh', '-c', script], HostConfig });
    assert.equal(ran.stdout, 'tmp\n');
    assert.match(ran.stderr, /\/x: Read-only file system\n.*\/b\/x: Read-only file system/s);
  });

  test('changes, cp and commit', async () => {
    const ran = await runIn(engine, {
      Cmd: ['sh', '-c', 'echo new > /etc/new; rm /data/seed'],
      HostConfig: none,
    });
    const changes = await engine.containers.changes(ran.id);
    assert.deepEqual(
      changes.filter(({ Path }) => Path === '/etc/new' || Path === '/data/seed'),
      [
        { Path: '/data/seed', Kind: 2 },
        { Path: '/etc/new', Kind: 1 },
      ],
    );
    const { stat, stream } = await engine.containers.getArchive(ran.id, '/etc/new');
    assert.equal(stat.name, 'new');
    let tar = '';
    for await (const chunk of stream) tar += String(chunk);
    assert.ok(tar.startsWith('new\0'), tar.slice(0, 20));
    await engine.containers.commit(ran.id, {
      reference: 'committed:1',
      changes: ['CMD ["cat", "/etc/new"]'],
    });
    const again = await runIn(engine, { Image: 'committed:1', Cmd: [], HostConfig: none });
    assert.equal(again.stdout, 'new\n');
    await assert.rejects(
      engine.containers.statArchive(ran.id, '/nope'),
      refused('not-found', /Could not find the file \/nope/),
    );
  });

  test('cp into and out of a running container, and into its volume when it does not run', async () => {
    const { containers } = engine;
    await sleeper('copies', { Binds: ['shelf:/shelf'] });
    const tarOf = async () => (await containers.getArchive('copies', '/data/seed')).stream;
    const put = { noOverwriteDirNonDir: false, copyUIDGID: false };
    await containers.putArchive('copies', { ...put, path: '/', stream: await tarOf() });
    assert.equal((await containers.statArchive('copies', '/seed')).size, 15);
    await containers.stop('copies', { timeoutSeconds: 0 });
    await containers.putArchive('copies', { ...put, path: '/shelf', stream: await tarOf() });
    const read = await runIn(engine, {
      Cmd: ['cat', '/v/seed'],
      HostConfig: { ...none, Binds: ['shelf:/v'] },
    });
    assert.equal(read.stdout, 'from the image\n');
    await assert.rejects(
      containers.putArchive('copies', { ...put, path: '/data/seed', stream: Readable.from([]) }),
      refused('invalid', /extraction point is not a directory/),
    );
    await containers.remove('copies');
  });

  test('logs: tail, streams', async () => {
    const ran = await runIn(engine, { Cmd: ['sh', '-c', 'seq 1 100; echo e >&2'], HostConfig: none });
    const { output } = engine.containers.logs(ran.id, { stdout: true, tail: 2 });
    const chunks = [];
    for await (const chunk of output) chunks.push(chunk);
    assert.match(Buffer.concat(chunks).toString('latin1'), /99\n.*100\n$/s);
    assert.doesNotMatch(Buffer.concat(chunks).toString('latin1'), /98\n|e\n/);
  });
});
