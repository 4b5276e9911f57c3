// testcontainers for Node: containers of a test, ready when their wait strategy says so, gone with it.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type EngineUnderTest, startEngine } from '../walks/engine-under-test.ts';

let engine: EngineUnderTest;
let kit: typeof import('testcontainers');
const image = 'busybox:latest';
const serving = 'mkdir /www; echo served >/www/index.html; echo ready; exec httpd -f -p 8080 -h /www';

before(async () => {
  engine = await startEngine();
  process.env['DOCKER_HOST'] = `unix://${engine.socket}`;
  process.env['HOME'] = engine.folder;
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
  // It looks for its engine when it is loaded.
  kit = await import('testcontainers');
});
after(() => engine[Symbol.asyncDispose]());

test('waits for a log line, then serves on a mapped port', { timeout: 170_000 }, async () => {
  const { GenericContainer, Wait } = kit;
  await using container = await new GenericContainer(image)
    .withCommand(['sh', '-c', serving])
    .withExposedPorts(8080)
    .withLabels({ 'test.of': 'clients' })
    .withWaitStrategy(Wait.forLogMessage('ready'))
    .start();
  const ran = await container.exec(['sh', '-c', 'echo inside; exit 5']);
  assert.deepEqual([ran.exitCode, ran.stdout], [5, 'inside\n']);
  const answer = await fetch(`http://${container.getHost()}:${container.getMappedPort(8080)}/`);
  assert.equal(await answer.text(), 'served\n');
});

test('waits for ports, for HTTP and for health', { timeout: 170_000 }, async () => {
  const { GenericContainer, Wait } = kit;
  for (const strategy of [Wait.forListeningPorts(), Wait.forHttp('/', 8080).forStatusCode(200)]) {
    await using container = await new GenericContainer(image)
      .withCommand(['sh', '-c', serving])
      .withExposedPorts(8080)
      .withWaitStrategy(strategy)
      .start();
    assert.ok(container.getMappedPort(8080) > 0);
  }
  await using healthy = await new GenericContainer(image)
    .withCommand(['sh', '-c', 'touch /tmp/up; sleep 600'])
    .withHealthCheck({
      test: ['CMD', 'test', '-f', '/tmp/up'],
      interval: 500,
      timeout: 1000,
      retries: 5,
      startPeriod: 0,
    })
    .withWaitStrategy(Wait.forHealthCheck())
    .start();
  assert.ok(healthy.getId());
});

test('files go in, a network joins two, an image is built', { timeout: 170_000 }, async () => {
  const { GenericContainer, Network, Wait } = kit;
  await using network = await new Network().start();
  await using server = await new GenericContainer(image)
    .withNetwork(network)
    .withNetworkAliases('server')
    .withCopyContentToContainer([{ content: 'copied', target: '/www/index.html' }])
    .withCommand(['httpd', '-f', '-p', '8080', '-h', '/www'])
    .start();
  await using client = await new GenericContainer(image)
    .withNetwork(network)
    .withCommand(['sh', '-c', 'until wget -qO- http://server:8080/; do sleep 0.2; done; echo; sleep 600'])
    .withWaitStrategy(Wait.forLogMessage('copied'))
    .start();
  assert.ok(server.getId() !== client.getId());
  const context = join(engine.folder, 'context');
  mkdirSync(context);
  writeFileSync(
    join(context, 'Dockerfile'),
    `FROM ${image}\nARG WORD\nRUN echo "$WORD" >/word\nCMD ["cat", "/word"]\n`,
  );
  const built = await GenericContainer.fromDockerfile(context).withBuildArgs({ WORD: 'baked' }).build();
  await using baked = await built.withWaitStrategy(Wait.forLogMessage('baked')).start();
  assert.ok(baked.getId());
});
