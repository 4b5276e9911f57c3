// What a service's `build` gives its build beside the context: secrets, an agent, further contexts, limits, caches.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type EngineUnderTest, startEngine } from './engine-under-test.ts';

let engine: EngineUnderTest;
let folder: string;
let agent: Server;

const file = (filter = '') => `
name: built
services:
  app:
    command: cat /out
    build:
      context: app
      secrets: [token, {source: word, target: said}, {source: key, target: filed}]
      ssh: [default=${join(folder, 'agent.sock')}]
      additional_contexts: {shared: shared, base: "service:base"}
      ulimits: {nofile: {soft: 123, hard: 456}}
      cache_to: ["type=local,dest=${join(folder, 'cache')}"]
      cache_from: ["type=local,src=${join(folder, 'cache')}"]
      ${filter}
  base: {build: {context: base}, command: "true"}
secrets:
  token: {environment: TOKEN}
  word: {environment: WORD}
  key: {file: key.txt}
`;

const dockerfile = `
FROM base AS steps
RUN ulimit -Sn > /out; ulimit -Hn >> /out
RUN --mount=type=secret,id=token --mount=type=secret,id=said --mount=type=secret,id=filed \\
  for one in token said filed; do cat /run/secrets/$one >> /out; echo >> /out; done
RUN --mount=type=ssh test -S "$SSH_AUTH_SOCK" && echo agent >> /out
FROM steps
COPY --from=shared note.txt /note
RUN cat /base /note >> /out; date +%s%N > /when
`;

before(async () => {
  engine = await startEngine();
  folder = await mkdtemp('/tmp/wharf-walk-compose-build-');
  for (const name of ['app', 'base', 'shared']) await mkdir(join(folder, name));
  await writeFile(join(folder, 'key.txt'), 'filed key');
  await writeFile(join(folder, 'app/Dockerfile'), dockerfile);
  await writeFile(join(folder, 'base/Dockerfile'), 'FROM busybox\nRUN echo of the base > /base\n');
  await writeFile(join(folder, 'shared/note.txt'), 'shared note\n');
  agent = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => agent.listen(join(folder, 'agent.sock'), resolve));
});
after(async () => {
  await engine?.[Symbol.asyncDispose]();
  agent?.close();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

async function compose(...args: string[]): Promise<string> {
  const env = { TOKEN: 'hush', WORD: 'a, b' };
  const { code, stdout, stderr } = await engine.wharf(['compose', ...args], { cwd: folder, env });
  assert.equal(code, 0, `compose ${args.join(' ')}\n${stdout}${stderr}\n${engine.log().slice(-2000)}`);
  return stdout;
}

const printed = (path: string) => compose('run', '--rm', '--no-deps', '-T', 'app', 'cat', path);

test('secrets, agent, contexts of folders and services, limits', { timeout: 180_000 }, async () => {
  await writeFile(join(folder, 'compose.yaml'), file());
  await compose('build', 'app');
  assert.equal(await printed('/out'), '123\n456\nhush\na, b\nfiled key\nagent\nof the base\nshared note\n');
});

test('the cache is written where cache_to says', async () => {
  assert.ok(existsSync(join(folder, 'cache/index.json')));
  assert.match(await readFile(join(folder, 'cache/index.json'), 'utf8'), /"manifests"/);
});

test('a stage of no_cache_filter is built anew, others are not', { timeout: 120_000 }, async () => {
  const first = await printed('/when');
  await compose('build', 'app');
  assert.equal(await printed('/when'), first);
  await writeFile(join(folder, 'app/Dockerfile'), dockerfile.replace('FROM steps', 'FROM steps AS last'));
  await writeFile(join(folder, 'compose.yaml'), file('no_cache_filter: last'));
  await compose('build', 'app');
  assert.notEqual(await printed('/when'), first);
});

test('services that take each other as context are refused', async () => {
  await writeFile(
    join(folder, 'circle.yaml'),
    'services: {a: {build: {context: base, additional_contexts: {x: "service:b"}}}, b: {build: {context: base, additional_contexts: {x: "service:a"}}}}',
  );
  const { code, stderr } = await engine.wharf(['compose', '-f', 'circle.yaml', 'build'], { cwd: folder });
  assert.equal(code, 1);
  assert.match(stderr, /cycle detected: a → b → a/);
});

test('what is said of an image stands beside it, where the file asks for that', {
  timeout: 60_000,
}, async () => {
  const plain = 'FROM scratch\nCOPY note.txt /note\n';
  await writeFile(
    join(folder, 'attested.yaml'),
    `name: attested\nservices: {app: {image: "attested:1", build: {context: shared, dockerfile_inline: ${JSON.stringify(plain)}, provenance: mode=max, sbom: true}}}`,
  );
  await compose('-f', 'attested.yaml', 'build');
  // `save` gives the image alone: what stands beside it is looked for where the engine keeps it.
  const blobs = join(engine.folder, 'root/content/blobs/sha256');
  const kept = await Promise.all((await readdir(blobs)).map((name) => readFile(join(blobs, name), 'utf8')));
  for (const kind of ['https://spdx.dev/Document', 'https://slsa.dev/provenance/v1'])
    assert.ok(
      kept.some((text) => text.startsWith('{"_type"') && text.includes(`"predicateType":"${kind}"`)),
      kind,
    );
});
