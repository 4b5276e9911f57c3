// Thousands of generated requests against a running daemon: it refuses what is wrong, and neither breaks nor grows.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { RouteFact } from '#api/openapi/routes.ts';
import type { Schema } from '#api/wire/schema.ts';
import { readRoutes } from '../../scripts/docs/api-support.ts';
import { TestDaemon, whyNot } from './api-fixture.ts';

const skip = whyNot();
const requestsWanted = 5_000;
const atOnce = 16;
const daemon = new TestDaemon();
const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
const ids: string[] = [];
const execs: string[] = [];

before(async () => {
  if (skip !== undefined) return;
  await daemon.start();
  await daemon.importBase();
  // Two whose ids begin alike are found by making a few: 16 letters, 20 containers.
  const busy = JSON.stringify({ Image: 'base:1', Cmd: ['sh', '-c', busyScript] });
  for (let made = 0; made < 20; made++) {
    const body = made < 3 ? busy : '{"Image":"base:1","Cmd":["true"]}';
    const answer = await daemon.ask('POST', `/containers/create?name=g${made}`, body);
    ids.push((JSON.parse(answer.body) as { Id: string }).Id);
    if (made < 3) assert.equal((await daemon.ask('POST', `/containers/g${made}/start`)).status, 204);
  }
  for (const path of ['/volumes/create', '/networks/create']) {
    assert.equal((await daemon.ask('POST', path, '{"Name":"generated"}')).status, 201);
  }
  for (let made = 0; made < 5; made++) {
    const { body } = await daemon.ask('POST', '/containers/g0/exec', '{"Cmd":["true"],"AttachStdout":true}');
    execs.push((JSON.parse(body) as { Id: string }).Id);
  }
});

after(async () => {
  agent.destroy();
  await daemon[Symbol.asyncDispose]();
});

/** Ends at the first signal, and says something now and then. */
const busyScript = 'trap "exit 0" TERM; while sleep 0.2; do echo here; done';

interface Generated {
  method: string;
  path: string;
  body: string | undefined;
}

/** What would ask other machines. */
const elsewhere = new Set([
  'GET /images/search',
  'POST /auth',
  'POST /images/:name/push',
  'POST /images/create',
]);
/** An answer that goes on longer than this after its head is a stream, and left. */
const enoughMs = 300;
/** Leaves fewer things for the others to be asked of. */
const removes = ({ method, path }: RouteFact): boolean => method === 'DELETE' || path.endsWith('/prune');

const version = fc.constantFrom(
  '',
  '',
  '',
  '/v1.51',
  '/v1.40',
  '/v1.44',
  '/v1.39',
  '/v1.52',
  '/v9',
  '/v1.x',
  '/v1..4',
);

const oddText = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.constantFrom(
    '/',
    '/etc/passwd',
    'base:1',
    'generated',
    '1700000000',
    '',
    '0',
    '-1',
    '1e99',
    'true',
    '{}',
    '[]',
    'null',
    '\0',
    '../..',
    '%00',
    '/etc',
    'a'.repeat(5000),
  ),
);

const filters = fc.oneof(
  fc.constantFrom('{', '[]', 'null', '"x"', '{"status":["nonsense"]}', '{"label":5}', '{"until":["x"]}'),
  fc
    .dictionary(
      fc.constantFrom(
        'status',
        'label',
        'name',
        'id',
        'before',
        'until',
        'dangling',
        'reference',
        'type',
        'zzz',
      ),
      fc.array(oddText, { maxLength: 2 }),
    )
    .map((value) => JSON.stringify(value)),
);

/** What there is to be asked of, by the first part of the path. */
function knownFor(path: string): string[] {
  const root = path.split('/')[1] ?? '';
  if (root === 'containers') return ids;
  if (root === 'volumes') return ['generated', 'absent'];
  if (root === 'networks') return ['generated', 'bridge', 'host', 'none'];
  if (root === 'exec') return execs;
  if (root === 'system') return ['80', '0', '99999', '53/udp'];
  return ['base:1', 'base'];
}

function idFor(route: RouteFact): fc.Arbitrary<string> {
  const known = knownFor(route.path);
  return fc.oneof(
    fc.constantFrom(...known),
    fc.constantFrom(...ids.map((id) => id.slice(0, 1))),
    fc.constantFrom('nobody', '', '%', '%2e%2e', 'a b', 'é', 'x'.repeat(300)),
    fc.string({ minLength: 1, maxLength: 20 }),
  );
}

function queryFor(route: RouteFact): fc.Arbitrary<string> {
  const fields = Object.entries(route.query).map(([name, schema]) => {
    const value =
      name === 'filters' ? filters : schema.type === 'boolean' ? fc.constantFrom('1', '0', 'x') : oddText;
    return fc.option(value, { freq: 2, nil: undefined }).map((sent) => [name, sent] as const);
  });
  return fc.tuple(...fields).map((pairs) => {
    const query = new URLSearchParams();
    for (const [name, sent] of pairs) if (sent !== undefined) query.append(name, sent);
    return query.size === 0 ? '' : `?${query}`;
  });
}

/** Mostly of the schema's shape, with wrong types among them. */
function valueFor(schema: Schema, depth = 0): fc.Arbitrary<unknown> {
  const wrong = fc.constantFrom<unknown>(null, 5, -1, 'x', true, [], {}, [1], 1e300, { a: 1 });
  if (depth > 3) return wrong;
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((one) => valueFor(one, depth)), wrong);
  const fitting = ((): fc.Arbitrary<unknown> => {
    switch (schema.type) {
      case 'string':
        return schema.enum === undefined ? oddText : fc.constantFrom(...schema.enum, 'other');
      case 'boolean':
        return fc.boolean();
      case 'integer':
        return fc.integer();
      case 'array':
        return fc.array(valueFor(schema.items ?? {}, depth + 1), { maxLength: 3 });
      case 'object':
        return objectFor(schema, depth);
      default:
        return wrong;
    }
  })();
  return fc.oneof({ weight: 8, arbitrary: fitting }, { weight: 1, arbitrary: wrong });
}

function objectFor(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  if (schema.additionalProperties !== undefined) {
    return fc.dictionary(oddText, valueFor(schema.additionalProperties, depth + 1), { maxKeys: 2 });
  }
  const entries = Object.entries(schema.properties ?? {});
  if (entries.length === 0) return fc.constant({});
  return fc
    .subarray(entries, { maxLength: Math.min(entries.length, 5) })
    .chain((chosen) =>
      fc.record(Object.fromEntries(chosen.map(([name, one]) => [name, valueFor(one, depth + 1)]))),
    );
}

function bodyFor(route: RouteFact): fc.Arbitrary<string | undefined> {
  if (['GET', 'HEAD', 'DELETE'].includes(route.method)) return fc.constant(undefined);
  const torn = fc.constantFrom('{', '[', '"', '{"Image":', '\0\0', 'nonsense', '[1]', '5', 'null', '');
  if (route.body === undefined) return fc.oneof(fc.constant(undefined), torn);
  const shaped = valueFor(route.body).map((value) => JSON.stringify(value));
  return fc.oneof({ weight: 6, arbitrary: shaped }, { weight: 1, arbitrary: torn });
}

function generatedFor(route: RouteFact): fc.Arbitrary<Generated> {
  return fc
    .record({ version, id: idFor(route), query: queryFor(route), body: bodyFor(route) })
    .map((parts) => {
      const path = route.path.replace(/:\w+|\*/g, () => encodeURIComponent(parts.id));
      return { method: route.method, path: parts.version + path + parts.query, body: parts.body };
    });
}

interface Outcome {
  status: number;
  text: string;
}

/** Reads at most a little: some answers are streams. Status 0: the connection was cut. */
function send({ method, path, body }: Generated): Promise<Outcome> {
  return new Promise((resolve) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const call = httpRequest(
      { socketPath: daemon.socket, agent, method, path, headers, timeout: 30_000 },
      (answer) => {
        let text = '';
        const finish = (): void => {
          clearTimeout(enough);
          resolve({ status: answer.statusCode ?? 0, text });
        };
        const enough = setTimeout(() => {
          finish();
          call.destroy();
        }, enoughMs);
        answer.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
          if (text.length < 100_000) return;
          finish();
          call.destroy();
        });
        answer.once('end', finish).once('error', finish);
      },
    );
    call.once('timeout', () => {
      resolve({ status: -1, text: 'no answer in 30 s' });
      call.destroy();
    });
    call.once('error', (thrown) => resolve({ status: 0, text: thrown.message }));
    call.end(body);
  });
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function memoryKbOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
}

test('an ambiguous prefix is told as such', { skip }, async () => {
  const twins = ids.find((id) => ids.some((other) => other !== id && other[0] === id[0]));
  assert.ok(twins !== undefined);
  const answer = await daemon.ask('GET', `/containers/${twins.slice(0, 1)}/json`);
  assert.equal(answer.status, 400);
  assert.match(answer.body, /multiple IDs found with provided prefix/i);
});

/** Docker's routes and ours: a route that is added is asked too. */
test(`${requestsWanted} generated requests`, { skip, timeout: 170_000 }, async (t) => {
  const all = (await readRoutes()).filter(({ method, path }) => !elsewhere.has(`${method} ${path}`));
  const routes = [...all.filter((route) => !removes(route)), ...all.filter(removes)];
  const seed = Number(process.env['WHARF_TEST_SEED'] ?? Date.now() % 2 ** 31);
  const each = Math.ceil(requestsWanted / routes.length);
  const requests = routes.flatMap((route, at) =>
    fc.sample(generatedFor(route), { numRuns: each, seed: seed + at }),
  );
  const wrong: string[] = [];
  const statuses = new Map<number, number>();
  let next = 0;
  const startKb = memoryKbOf(daemon.pid);
  const startDescriptors = descriptorsOf(daemon.pid);
  const worker = async (): Promise<void> => {
    for (let one = requests[next++]; one !== undefined; one = requests[next++]) {
      const { status, text } = await send(one);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status >= 500 ? status !== 501 && status !== 503 : status <= 0) {
        wrong.push(
          `${status} ${one.method} ${one.path.slice(0, 300)} ${one.body?.slice(0, 600)}\n    ${text.slice(0, 300)}`,
        );
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  t.diagnostic(`seed ${seed}; ${requests.length} requests; ${JSON.stringify(Object.fromEntries(statuses))}`);
  assert.ok(requests.length >= requestsWanted);
  assert.deepEqual(
    wrong.slice(0, 20),
    [],
    `${wrong.length} were answered as they must not be\n${daemon.errors.slice(-3000)}`,
  );
  agent.destroy();
  // Threads that unpacked archives end once they are idle for a while.
  for (let waits = 0; waits < 15 && descriptorsOf(daemon.pid) - startDescriptors > 5; waits++)
    await sleep(1_000);
  assert.doesNotMatch(daemon.errors, /nobody|MaxListeners|Warning/, daemon.errors.slice(-3000));
  const leaked = descriptorsOf(daemon.pid) - startDescriptors;
  t.diagnostic(`memory ${startKb} kB before, ${memoryKbOf(daemon.pid)} kB after; ${leaked} descriptors more`);
  assert.ok(leaked < 10, `${leaked} descriptors are left open`);
  assert.equal((await daemon.ask('GET', '/_ping')).body, 'OK');
});

test('a body cut off half-way is forgotten', { skip, timeout: 120_000 }, async () => {
  // The first time starts the threads that read archives; they stay a while.
  await cutBodies();
  await sleep(500);
  const before = descriptorsOf(daemon.pid);
  for (let round = 0; round < 5; round++) await cutBodies();
  for (let waits = 0; waits < 80 && descriptorsOf(daemon.pid) - before >= 5; waits++) await sleep(500);
  assert.ok(descriptorsOf(daemon.pid) - before < 5, `${descriptorsOf(daemon.pid) - before} more`);
  assert.doesNotMatch(daemon.errors, /nobody/);
  assert.equal((await daemon.ask('GET', '/_ping')).status, 200);
});

async function cutBodies(): Promise<void> {
  for (const path of ['/containers/create', '/images/load', '/build', '/networks/create', '/exec/x/start']) {
    for (const length of ['Content-Length: 500', 'Transfer-Encoding: chunked']) {
      const socket = connect(daemon.socket).on('error', () => undefined);
      const start = length.startsWith('C') ? '{"Image":"ba' : '1ff\r\n{"Image":"ba';
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${length}\r\n\r\n${start}`,
      );
      await sleep(10);
      socket.destroy();
    }
  }
}
