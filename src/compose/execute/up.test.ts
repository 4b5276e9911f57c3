// Up over an engine that only answers: what a dry run asks of it, and that images come first.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { type Client, clientOver } from '#client/client.ts';
import type { Transport, WireRequest } from '#client/transport.ts';
import { up } from '#compose/execute/up.ts';
import { sampleProject } from '#compose/load/project-sample.ts';

const project = sampleProject('services: {web: {image: "web:1", volumes: ["v:/v"]}}\nvolumes: {v: }');

/** An engine that has nothing, and remembers what it was asked. */
function emptyEngine(): { client: Client; asked: string[] } {
  const asked: string[] = [];
  const answers: [RegExp, number, unknown][] = [
    [/^GET .*\/images\/web:1\/json/, 404, { message: 'No such image: web:1' }],
    [/^GET .*\/volumes/, 200, { Volumes: null }],
    [/^GET /, 200, []],
    [/^POST .*\/images\/create/, 200, { error: 'manifest for web:1 not found' }],
  ];
  const send = async (request: WireRequest) => {
    const line = `${request.method} ${request.path}`;
    if (request.method !== 'HEAD') asked.push(line.replace(/\?.*/, ''));
    const [, status, body] = answers.find(([pattern]) => pattern.test(line)) ?? [/./, 200, {}];
    return { status: Number(status), headers: {}, body: Readable.from([Buffer.from(JSON.stringify(body))]) };
  };
  const transport: Transport = {
    address: 'test',
    send,
    upgrade: () => Promise.reject(new Error('no upgrade here')),
    [Symbol.asyncDispose]: async () => undefined,
  };
  return { client: clientOver(transport), asked };
}

test('a dry run only reads', async () => {
  const { client, asked } = emptyEngine();
  const plan = await up({ client, project }, { dryRun: true });
  assert.deepEqual(
    plan.steps.map(({ id }) => id),
    ['network app_default', 'volume app_v', 'image web:1', 'create app-web-1', 'start app-web-1'],
  );
  assert.ok(asked.length > 0);
  assert.deepEqual(
    asked.filter((line) => !line.startsWith('GET ')),
    [],
  );
});

test('an image that cannot be pulled ends it before anything is made', async () => {
  const { client, asked } = emptyEngine();
  await assert.rejects(up({ client, project }), /manifest for web:1 not found/);
  assert.deepEqual(
    asked.filter((line) => !line.startsWith('GET ')),
    ['POST /images/create'],
  );
});
