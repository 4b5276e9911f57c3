// Containers: list, create, inspect, and every change of state that is answered when it is done.

import type { Api } from '#api/fastify.ts';
import { containerCreate } from '#api/schemas/container.ts';
import { containerUpdate } from '#api/schemas/resources.ts';
import { askedMinor } from '#api/versions/asked-version.ts';
import { createRequestOf, createWarningsOf, inspectOf, summaryOf } from '#api/versions/containers.ts';
import { flag, object, segment, text, whole } from '#api/wire/schema.ts';
import { decodeSize } from '#api/wire/terminal-size.ts';
import type { Engine } from '#engine/open.ts';
import { invalid, messageOf, notFound } from '#shared/errors.ts';
import { parseFilters } from '#shared/notation/filter.ts';
import { parseSignal } from '#shared/notation/signal.ts';

const tags = ['Containers'];
const params = segment('id');

export function containerRoutes(api: Api, engine: Engine): void {
  listRoutes(api, engine);
  createRoutes(api, engine);
  stateRoutes(api, engine);
  pauseRoutes(api, engine);
  changeRoutes(api, engine);
}

function listRoutes(api: Api, { containers }: Engine): void {
  const query = object({ all: flag, limit: whole, size: flag, filters: text });
  const list = { summary: 'List containers', tags, querystring: query };
  api.get('/containers/json', { schema: list }, async ({ query, raw }) => {
    const { all, limit, size, filters } = query;
    const rows = await containers.list({ all, limit, size, filters: parseFilters(filters) });
    return rows.map((row) => summaryOf(askedMinor(raw), row));
  });
  const inspect = { summary: 'Inspect a container', tags, params, querystring: object({ size: flag }) };
  api.get('/containers/:id/json', { schema: inspect }, async ({ params, query, raw }) =>
    inspectOf(askedMinor(raw), await containers.inspect(params.id, { size: query.size })),
  );
  const prune = { summary: 'Delete stopped containers', tags, querystring: object({ filters: text }) };
  api.post('/containers/prune', { schema: prune }, async ({ query }) =>
    containers.prune(parseFilters(query.filters)),
  );
}

function createRoutes(api: Api, { containers, trash }: Engine): void {
  const create = {
    summary: 'Create a container',
    tags,
    querystring: object({ name: text, platform: text }),
    body: containerCreate,
  };
  api.post('/containers/create', { schema: create }, async ({ query, body, raw }, reply) => {
    const minor = askedMinor(raw);
    const request = createRequestOf(minor, { ...body, Image: body.Image ?? '' });
    const { Id, Warnings } = await containers.create(request, query);
    return reply.code(201).send({ Id, Warnings: [...Warnings, ...createWarningsOf(minor, request)] });
  });
  const remove = {
    summary: 'Remove a container',
    tags,
    params,
    querystring: object({ v: flag, force: flag, link: flag, trash: text }),
  };
  const unlink = { ...remove, params: segment('*') };
  api.delete('/containers/*', { schema: unlink }, async ({ params, query }, reply) => {
    if (query.link !== true) throw notFound('page not found');
    await containers.removeLink(params['*']);
    return reply.code(204).send();
  });
  api.delete('/containers/:id', { schema: remove }, async ({ params, query }, reply) => {
    if (query.link === true) await containers.removeLink(params.id);
    const options = { force: query.force, volumes: query.v };
    // Wharf's own: our command line names the group of things that are undone together.
    if (query.trash && !trash.isOff)
      await trash.removeContainer(params.id, { ...options, group: query.trash });
    else await containers.remove(params.id, options);
    return reply.code(204).send();
  });
}

function stateRoutes(api: Api, { containers }: Engine): void {
  const start = { summary: 'Start a container', tags, params, querystring: object({ detachKeys: text }) };
  api.post('/containers/:id/start', { schema: start }, async ({ params }, reply) => {
    const started = await containers.start(params.id);
    return reply.code(started ? 204 : 304).send();
  });
  const seconds = object({ t: whole, signal: text });
  const stop = { summary: 'Stop a container', tags, params, querystring: seconds };
  api.post('/containers/:id/stop', { schema: stop }, async ({ params, query }, reply) => {
    const stopped = await containers.stop(params.id, stopOptions(query));
    return reply.code(stopped ? 204 : 304).send();
  });
  const restart = { summary: 'Restart a container', tags, params, querystring: seconds };
  api.post('/containers/:id/restart', { schema: restart }, async ({ params, query }, reply) => {
    await containers.restart(params.id, stopOptions(query));
    return reply.code(204).send();
  });
  const kill = {
    summary: 'Send a signal to a container',
    tags,
    params,
    querystring: object({ signal: text }),
  };
  api.post('/containers/:id/kill', { schema: kill }, async ({ params, query }, reply) => {
    await containers.kill(params.id, signalFor(params.id, query.signal || 'SIGKILL'));
    return reply.code(204).send();
  });
}

function pauseRoutes(api: Api, { containers }: Engine): void {
  const pause = { summary: 'Pause a container', tags, params };
  api.post('/containers/:id/pause', { schema: pause }, async ({ params }, reply) => {
    await containers.pause(params.id);
    return reply.code(204).send();
  });
  const unpause = { summary: 'Unpause a container', tags, params };
  api.post('/containers/:id/unpause', { schema: unpause }, async ({ params }, reply) => {
    await containers.unpause(params.id);
    return reply.code(204).send();
  });
}

function changeRoutes(api: Api, { containers }: Engine): void {
  const rename = { summary: 'Rename a container', tags, params, querystring: object({ name: text }) };
  api.post('/containers/:id/rename', { schema: rename }, async ({ params, query }, reply) => {
    await containers.rename(params.id, query.name ?? '');
    return reply.code(204).send();
  });
  const update = { summary: 'Change limits and the restart policy', tags, params, body: containerUpdate };
  api.post('/containers/:id/update', { schema: update }, async ({ params, body }) =>
    containers.update(params.id, body),
  );
  const top = { summary: 'List processes', tags, params, querystring: object({ ps_args: text }) };
  api.get('/containers/:id/top', { schema: top }, async ({ params, query }) =>
    containers.top(params.id, query.ps_args),
  );
  const resize = {
    summary: 'Resize the terminal',
    tags,
    params,
    querystring: object({ h: text, w: text }),
  };
  api.post('/containers/:id/resize', { schema: resize }, async ({ params, query }, reply) => {
    await containers.resize(params.id, decodeSize(query));
    return reply.code(200).send();
  });
}

function signalFor(ref: string, text: string): number {
  try {
    return parseSignal(text);
  } catch (cause) {
    throw invalid(`cannot kill container: ${ref.slice(0, 300)}: ${messageOf(cause)}`, { cause });
  }
}

function stopOptions(query: { t?: number; signal?: string }): {
  timeoutSeconds?: number;
  stopSignal?: string;
} {
  const { t, signal } = query;
  if (signal) parseSignal(signal);
  return { ...(t === undefined ? {} : { timeoutSeconds: t }), ...(signal ? { stopSignal: signal } : {}) };
}
