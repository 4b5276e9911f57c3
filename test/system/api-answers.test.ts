// What the engine really answers is what the API's page says it answers.
import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { Ajv, type ValidateFunction } from 'ajv';
import { pack } from 'tar-stream';
import { answerBodies } from '#api/answers/bodies.ts';
import { type Answer, TestDaemon, whyNot } from './api-fixture.ts';
import { StepSender } from './peer-step.ts';
import { steps } from './peer-steps.ts';

const skip = whyNot();
const daemon = new TestDaemon();
before(async () => {
  if (skip !== undefined) return;
  await daemon.start();
  await daemon.importBase();
});
after(() => daemon[Symbol.asyncDispose]());

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
const endpoints = Object.entries(answerBodies).map(([name, schema]) => {
  const [method = '', path = ''] = name.split(' ');
  const inner = path.replace(/:\w+/g, '[^?]+?');
  return { name, method, path: new RegExp(`^${inner}$`), matches: ajv.compile(schema) };
});

/** Those of them that ask other machines. */
const elsewhere = [
  'GET /images/search',
  'GET /distribution/:name/json',
  'POST /images/:name/push',
  'POST /auth',
];
const seen = new Set<string>();
const wrong: string[] = [];

function check(method: string, path: string, answer: Answer): void {
  const plain = path.split('?', 1)[0] ?? '';
  const endpoint = endpoints.find((one) => one.method === method && one.path.test(plain));
  if (endpoint === undefined || (answer.status !== 200 && answer.status !== 201)) return;
  seen.add(endpoint.name);
  for (const value of valuesIn(answer.body, endpoint.matches)) {
    if (endpoint.matches(value)) continue;
    wrong.push(
      `${endpoint.name}: ${ajv.errorsText(endpoint.matches.errors)}\n${JSON.stringify(value).slice(0, 600)}`,
    );
  }
}

/** The one JSON value, or each line of a stream. */
function valuesIn(body: string, { schema }: ValidateFunction): unknown[] {
  const isStream = typeof schema === 'object' && 'description' in schema;
  return (isStream ? body.split(/\r?\n/) : [body])
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line));
}

test('every answer has the fields that the page tells, and no others', {
  skip,
  timeout: 120_000,
}, async () => {
  const sender = new StepSender(daemon);
  for (const step of steps) {
    const [method = '', path = ''] = step.ask.split(' ');
    check(method, path, await sender.send(step));
  }
  await checkStreams();
  assert.deepEqual(wrong.slice(0, 5), [], `${wrong.length} answers are not as the page says`);
  const unseen = endpoints
    .map(({ name }) => name)
    .filter((name) => !seen.has(name) && !elsewhere.includes(name));
  assert.deepEqual(unseen, []);
});

/** Streams of progress and events; dockerd is not asked for these. */
async function checkStreams(): Promise<void> {
  const ask = async (method: string, path: string, body?: Buffer): Promise<void> =>
    check(method, path, await daemon.ask(method, path, body));
  await daemon.importBase();
  await ask('POST', '/images/create?fromSrc=-&repo=again&tag=1', daemon.baseTree());
  const context = pack();
  context.entry({ name: 'Dockerfile' }, 'FROM base:1\nRUN echo built >/made\nLABEL a=b\n');
  context.finalize();
  await ask('POST', '/build?t=built:1', await buffer(context));
  await ask('GET', '/system/df');
  const saved = await daemon.open('GET', '/images/built:1/get');
  await ask('POST', '/images/load', await buffer(saved));
  await ask('POST', '/build/prune?all=1');
  await ask('GET', `/events?since=1&until=${Math.floor(Date.now() / 1000)}`);
}
