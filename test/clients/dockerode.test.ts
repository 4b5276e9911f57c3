// dockerode, the client of most Node programs, against an engine of its own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import Docker from 'dockerode';
import { pack } from 'tar-stream';
import { type EngineUnderTest, eventually, startEngine } from '../walks/engine-under-test.ts';

let engine: EngineUnderTest;
let docker: Docker;
const image = 'busybox:latest';

before(async () => {
  engine = await startEngine();
  docker = new Docker({ socketPath: engine.socket, version: 'v1.47' });
});
after(() => engine[Symbol.asyncDispose]());

const finished = (stream: NodeJS.ReadableStream): Promise<Record<string, unknown>[]> =>
  new Promise((resolve, reject) =>
    docker.modem.followProgress(stream, (thrown, lines) => (thrown ? reject(thrown) : resolve(lines))),
  );

test('pulls, inspects, tags and lists', async () => {
  const lines = await finished(await docker.pull(image));
  assert.ok(lines.some(({ status }) => String(status).startsWith('Status: Downloaded newer image')));
  await docker.getImage(image).tag({ repo: 'mine', tag: '1' });
  const inspected = await docker.getImage('mine:1').inspect();
  assert.equal(inspected.Os, 'linux');
  const rows = await docker.listImages({ filters: { reference: ['mine'] } });
  assert.deepEqual(rows[0]?.RepoTags, ['mine:1']);
  assert.ok((await docker.getImage(image).history()).length > 0);
});

test('runs a container with its streams apart, and its exit code', async () => {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const command = ['sh', '-c', 'echo out; echo err >&2; exit 3'];
  const [answer] = (await docker.run(image, command, [stdout, stderr], { Tty: false })) as [
    { StatusCode: number },
  ];
  assert.equal(answer.StatusCode, 3);
  // It ends both when the attached stream ends, which may be after the exit code is known.
  assert.equal(await text(stdout), 'out\n');
  assert.equal(await text(stderr), 'err\n');
});

test('attaches, types, and sees the end', async () => {
  const container = await docker.createContainer({
    Image: image,
    Cmd: ['cat'],
    OpenStdin: true,
    StdinOnce: true,
  });
  const stream = await container.attach({
    stream: true,
    hijack: true,
    stdin: true,
    stdout: true,
    stderr: true,
  });
  await container.start();
  const out = new PassThrough();
  container.modem.demuxStream(stream, out, out);
  stream.end('typed\n');
  await Promise.all([once(stream, 'close'), container.wait()]);
  out.end();
  assert.equal(await text(out), 'typed\n');
  await container.remove();
});

test('exec, files, stats, top, logs and events of a running container', async () => {
  const events = (await docker.getEvents({ filters: { type: ['container'] } })) as Readable;
  const container = await docker.createContainer({
    Image: image,
    name: 'ode',
    Cmd: ['sh', '-c', 'echo hello; sleep 600'],
    Labels: { team: 'blue' },
    HostConfig: { LogConfig: { Type: 'json-file', Config: { labels: 'team', 'max-size': '1m' } } },
  });
  await container.start();
  const exec = await container.exec({
    Cmd: ['sh', '-c', 'cat; exit 4'],
    AttachStdin: true,
    AttachStdout: true,
  });
  const stream = await exec.start({ hijack: true, stdin: true });
  stream.end('through\n');
  const out = new PassThrough();
  docker.modem.demuxStream(stream, out, out);
  await once(stream, 'close');
  out.end();
  assert.equal(await text(out), 'through\n');
  assert.equal((await exec.inspect()).ExitCode, 4);
  const archive = pack();
  archive.entry({ name: 'note' }, 'kept');
  archive.finalize();
  await container.putArchive(archive as unknown as NodeJS.ReadableStream, { path: '/tmp' });
  assert.match(await text(await container.getArchive({ path: '/tmp/note' })), /kept/);
  const stats = await container.stats({ stream: false });
  assert.ok((stats.memory_stats.usage ?? 0) > 0);
  assert.ok((await container.top()).Processes.length >= 1);
  await eventually(
    'the first line in the log',
    async () =>
      /team=blue hello/.test(String(await container.logs({ stdout: true, details: true }))) || undefined,
  );
  await container.update({ RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } });
  assert.equal((await container.inspect()).HostConfig.RestartPolicy?.MaximumRetryCount, 2);
  await container.remove({ force: true });
  let seen = '';
  for await (const piece of events) {
    seen += String(piece);
    if (seen.includes('"destroy"')) break;
  }
  for (const action of ['create', 'start', 'exec_die', 'die', 'destroy'])
    assert.ok(seen.includes(`"${action}"`));
});

test('networks, volumes, build, prune', async () => {
  const network = await docker.createNetwork({ Name: 'ode-net', Labels: { a: 'b' } });
  await docker.createVolume({ Name: 'ode-vol' });
  const volume = docker.getVolume('ode-vol');
  assert.equal((await volume.inspect()).Name, 'ode-vol');
  const one = await docker.createContainer({
    Image: image,
    Cmd: ['sleep', '600'],
    HostConfig: { NetworkMode: 'ode-net', Binds: ['ode-vol:/data'] },
  });
  await one.start();
  const members = (await network.inspect()) as { Containers: Record<string, unknown> };
  assert.ok(one.id in members.Containers);
  await assert.rejects(network.remove(), { statusCode: 403 });
  await one.remove({ force: true });
  await network.remove();
  await volume.remove();
  const context = pack();
  context.entry({ name: 'Dockerfile' }, `FROM ${image}\nRUN echo built >/made\nLABEL a=b\n`);
  context.finalize();
  const lines = await finished(
    await docker.buildImage(context as unknown as NodeJS.ReadableStream, { t: 'ode-built:1' }),
  );
  assert.ok(
    lines.some(({ stream }) => /Successfully tagged ode-built:1/.test(String(stream))),
    JSON.stringify(lines),
  );
  assert.ok('SpaceReclaimed' in (await docker.pruneContainers()));
  assert.ok('LayersSize' in (await docker.df()));
});

test('errors carry their status and message', async () => {
  await assert.rejects(docker.getContainer('nobody').inspect(), { statusCode: 404 });
  await assert.rejects(docker.createContainer({ Image: 'not-here:1' }), { statusCode: 404 });
  await assert.rejects(docker.listContainers({ filters: { nonsense: ['1'] } }), { statusCode: 400 });
  const distribution = await docker.getImage(image).distribution();
  assert.match((distribution as { Descriptor: { digest: string } }).Descriptor.digest, /^sha256:/);
});
