// Services that are not there at once: plain depends_on waits until they answer, and says what is missing.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type EngineUnderTest, type Ran, startEngine } from '../walks/engine-under-test.ts';

let engine: EngineUnderTest;
before(async () => {
  engine = await startEngine();
  assert.equal((await engine.wharf(['pull', '-q', 'busybox'])).code, 0);
});
after(async () => engine?.[Symbol.asyncDispose]());

let projects = 0;

/** Brings a file up, hands what came of it to `look`, and takes it down. */
async function withProject(
  yaml: string,
  args: string[],
  look: (ran: Ran, compose: (...words: string[]) => Promise<Ran>) => Promise<void>,
): Promise<void> {
  const name = `ready${projects++}`;
  const file = join(engine.folder, `${name}.yaml`);
  await writeFile(file, yaml);
  const compose = (...words: string[]) =>
    engine.wharf(['compose', '-p', name, '-f', file, '--progress', 'plain', ...words]);
  try {
    await look(await compose(...args), compose);
  } finally {
    await compose('down', '-t', '0', '-v');
  }
}

const slow = (port: number, command: string) => `
services:
  db:
    image: busybox
    expose: [${port}]
    command: [sh, -c, '${command}']
  app:
    image: busybox
    depends_on: [db]
    command: [sh, -c, 'nc -w 1 db ${port} < /dev/null && echo reached; sleep 600']
`;

test('what depends on a service starts when that answers', async () => {
  const yaml = slow(9000, 'sleep 1.5; nc -ll -p 9000 -e cat');
  await withProject(yaml, ['up', '-d'], async (ran, compose) => {
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stderr, /app-1 {2}Waiting for db \(tcp:9000: nobody listens yet\)/);
    for (let left = 40; left > 0; left--) {
      if (/reached/.test((await compose('logs', 'app')).stdout)) return;
    }
    assert.fail((await compose('logs')).stdout);
  });
});

test('a protocol is asked in its own words', async () => {
  const yaml = `
services:
  db:
    image: busybox
    expose: [6379]
    command:
      - sh
      - -c
      - |
        echo 'read x; printf "%s\\r\\n" "$$1"' > /answer
        nc -l -p 6379 -e sh /answer '-LOADING data'
        nc -ll -p 6379 -e sh /answer +PONG
  app:
    image: busybox
    depends_on: [db]
    command: sleep 600
`;
  await withProject(yaml, ['up', '-d'], async (ran) => {
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stderr, /Waiting for db \(redis:6379: LOADING data\)/);
    assert.doesNotMatch(ran.stderr, /is started, but not ready/);
  });
});

test('--wait ends with what is missing and what the service said last', async () => {
  const yaml = `
services:
  db:
    image: busybox
    expose: [9000]
    command: [sh, -c, 'echo cannot find my data; sleep 600']
`;
  await withProject(yaml, ['up', '--wait', '--wait-timeout', '2'], async (ran) => {
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /service "db" is not ready: tcp:9000: nobody listens yet/);
    assert.match(ran.stderr, /db \| cannot find my data/);
  });
});

test('a service that ends at once is named with its last words', async () => {
  const yaml = `
services:
  db:
    image: busybox
    command: [sh, -c, 'echo no space left; exit 3']
    healthcheck: {test: [CMD, 'true'], interval: 60s}
  app:
    image: busybox
    command: sleep 600
    depends_on: {db: {condition: service_healthy}}
`;
  await withProject(yaml, ['up', '-d'], async (ran) => {
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /db-1 exited \(3\)[\s\S]*db \| no space left/);
  });
});

test('plain depends_on does not wait for a health check that comes late', async () => {
  const yaml = `
services:
  db:
    image: busybox
    command: sleep 600
    healthcheck: {test: [CMD, 'true'], interval: 10m}
  app:
    image: busybox
    command: sleep 600
    depends_on: [db]
`;
  await withProject(yaml, ['up', '-d'], async (ran) => {
    assert.equal(ran.code, 0, ran.stderr);
    assert.doesNotMatch(ran.stderr, /Waiting|not ready/);
  });
});

test('x-ready names another probe, or none; --no-ready waits for nothing', async () => {
  const deaf = slow(9000, 'sleep 600');
  const other = deaf.replace('expose: [9000]', 'expose: [9000]\n    x-ready: none');
  await withProject(other, ['up', '-d'], async (ran) => {
    assert.equal(ran.code, 0, ran.stderr);
    assert.doesNotMatch(ran.stderr, /Waiting/);
  });
  await withProject(deaf, ['up', '-d', '--no-ready'], async (ran) => {
    assert.equal(ran.code, 0, ran.stderr);
    assert.doesNotMatch(ran.stderr, /Waiting/);
  });
  const wrong = deaf.replace('expose: [9000]', 'x-ready: ftp:21');
  await withProject(wrong, ['up', '-d'], async (ran) => {
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /invalid readiness probe: ftp:21/);
  });
});
