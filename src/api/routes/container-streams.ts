// Containers: what is answered with a stream or after a wait: logs, attach, stats, wait.

import { attachQuerySchema, openAttach } from '#api/attach.ts';
import type { Api } from '#api/fastify.ts';
import { multiplexedStream, rawStream } from '#api/streams/mux.ts';
import { accepted, beginStream, jsonLines, pump, signalOf } from '#api/streams/pump.ts';
import { joinPlainly } from '#api/upgrade.ts';
import { askedMinor } from '#api/versions/asked-version.ts';
import { momentOf } from '#api/wire/moment.ts';
import { flag, object, oneOf, segment, text } from '#api/wire/schema.ts';
import type { Engine } from '#engine/open.ts';
import type { WaitAnswer } from '#shared/contract/container.ts';
import { invalid } from '#shared/errors.ts';

const tags = ['Containers'];
const params = segment('id');

export function containerStreamRoutes(api: Api, engine: Engine): void {
  logRoute(api, engine);
  attachRoute(api, engine);
  waitRoute(api, engine);
  statsRoute(api, engine);
}

function logRoute(api: Api, { containers }: Engine): void {
  const query = object({
    follow: flag,
    stdout: flag,
    stderr: flag,
    since: text,
    until: text,
    timestamps: flag,
    tail: text,
    details: flag,
  });
  const logs = { summary: 'Read the logs', tags, params, querystring: query };
  api.get('/containers/:id/logs', { schema: logs }, async ({ params, query, raw }, reply) => {
    if (!query.stdout && !query.stderr) throw invalid('Bad parameters: you must choose at least one stream');
    const { tty, output } = containers.logs(params.id, {
      stdout: query.stdout ?? false,
      stderr: query.stderr ?? false,
      since: momentOf(query.since),
      until: momentOf(query.until),
      timestamps: query.timestamps ?? false,
      tail: tailOf(query.tail),
      follow: query.follow ?? false,
      details: query.details ?? false,
      signal: signalOf(reply.raw),
    });
    await pump(
      beginStream(reply, { 'Content-Type': tty || askedMinor(raw) < 42 ? rawStream : multiplexedStream }),
      output,
    );
  });
}

function attachRoute(api: Api, engine: Engine): void {
  const query = attachQuerySchema;
  const attach = { summary: 'Attach to a container', tags, params, querystring: query };
  api.post('/containers/:id/attach', { schema: attach }, async ({ params, query }, reply) => {
    const opened = await openAttach(engine, params.id, query);
    reply.hijack();
    await joinPlainly(opened, reply.raw);
  });
  const socket = { summary: 'Attach to a container by a WebSocket', tags, params, querystring: query };
  api.get('/containers/:id/attach/ws', { schema: socket }, async () => {
    // One that is a WebSocket's opening does not come here.
    throw invalid('bad request: the client is not using the websocket protocol');
  });
}

function waitRoute(api: Api, { containers }: Engine): void {
  const condition = oneOf('not-running', 'next-exit', 'removed');
  const wait = { summary: 'Wait for the exit', tags, params, querystring: object({ condition: text }) };
  api.post('/containers/:id/wait', { schema: wait }, async ({ params, query }, reply) => {
    const known = condition.enum.find((name) => name === (query.condition || 'not-running'));
    if (known === undefined) throw invalid(`invalid condition: "${query.condition}"`);
    const answer = containers.wait(params.id, known, signalOf(reply.raw));
    await accepted(answer);
    // `docker run` starts the container only once it has seen these headers.
    const response = beginStream(reply, { 'Content-Type': 'application/json' });
    await pump(response, jsonLines(single(answer)));
  });
}

/** A failed start is told by the answer of start; told here too, clients print it twice. */
async function* single(answer: Promise<WaitAnswer>): AsyncGenerator<WaitAnswer> {
  yield { StatusCode: (await answer).StatusCode };
}

function statsRoute(api: Api, { containers }: Engine): void {
  const query = object({ stream: flag, 'one-shot': flag });
  const stats = { summary: 'Resource usage', tags, params, querystring: query };
  api.get('/containers/:id/stats', { schema: stats }, async ({ params, query, raw }, reply) => {
    const stream = query.stream ?? true;
    const oneShot = askedMinor(raw) >= 41 && (query['one-shot'] ?? false);
    if (stream && oneShot) throw invalid('cannot have stream=true and one-shot=true');
    const values = containers.stats(params.id, {
      stream,
      oneShot,
      signal: signalOf(reply.raw),
    });
    await pump(beginStream(reply, { 'Content-Type': 'application/json' }), jsonLines(values));
  });
}

/** Lines from the end; undefined for all. Docker takes anything that is not a number for all. */
function tailOf(sent: string | undefined): number | undefined {
  const lines = Number.parseInt(sent ?? 'all', 10);
  return Number.isNaN(lines) || lines < 0 ? undefined : lines;
}
