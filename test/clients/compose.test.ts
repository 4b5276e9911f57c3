// Debian's docker-compose on a project of three services: up, ps, logs, exec, down.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { type EngineUnderTest, eventually, startEngine } from '../walks/engine-under-test.ts';
import { stockCompose as program, noStockCompose as skip } from './stock-compose.ts';

const project = `
services:
  web:
    image: busybox:latest
    command: sh -c "mkdir -p /www && echo from web >/www/index.html && httpd -f -p 80 -h /www"
    ports: ["127.0.0.1::80"]
    volumes: [data:/data]
    healthcheck: {test: ["CMD", "wget", "-qO-", "http://127.0.0.1/"], interval: 1s, retries: 10}
  db:
    image: busybox:latest
    command: sh -c "echo db is up; sleep 600"
    environment: {PLACE: here}
  worker:
    image: busybox:latest
    command: sh -c "wget -qO- http://web/; sleep 600"
    depends_on: {web: {condition: service_healthy}, db: {condition: service_started}}
volumes: {data: {}}
`;

let engine: EngineUnderTest;

before(async () => {
  if (skip !== undefined) return;
  engine = await startEngine();
  writeFileSync(join(engine.folder, 'compose.yaml'), project);
});
after(async () => {
  if (skip === undefined) await engine[Symbol.asyncDispose]();
});

async function compose(...args: string[]): Promise<string> {
  const env = { ...process.env, DOCKER_HOST: `unix://${engine.socket}`, HOME: engine.folder };
  const ran = await promisify(execFile)(program ?? '', ['-p', 'three', '-f', 'compose.yaml', ...args], {
    cwd: engine.folder,
    env,
    timeout: 90_000,
  }).catch((thrown: { stdout?: string; stderr?: string }) => {
    throw new Error(`docker-compose ${args.join(' ')}: ${thrown.stdout}${thrown.stderr}\n${engine.log()}`);
  });
  return ran.stdout + ran.stderr;
}

/** A service is up before it has said what it says. */
const logged = (service: string, expected: RegExp): Promise<true> =>
  eventually(
    `${expected} in the logs of ${service}`,
    async () => expected.test(await compose('logs', service)) || undefined,
    60_000,
  );

test('a project of three services goes up, is looked at, and comes down', {
  skip,
  timeout: 180_000,
}, async () => {
  await compose('up', '-d');
  const listed = await compose('ps');
  for (const name of ['web', 'db', 'worker']) assert.match(listed, new RegExp(`three[-_]${name}[-_]1`));
  await logged('db', /db is up/);
  assert.match(await compose('exec', '-T', 'db', 'sh', '-c', 'echo $PLACE'), /here/);
  assert.match(await compose('exec', '-T', 'db', 'wget', '-qO-', 'http://web/'), /from web/);
  await logged('worker', /from web/);
  await compose('down', '-v');
  const left = await engine.call('GET', '/containers/json?all=1');
  assert.equal(left.text.trim(), '[]');
  const volumes = await engine.call('GET', '/volumes');
  assert.doesNotMatch(volumes.text, /three_data/);
});
