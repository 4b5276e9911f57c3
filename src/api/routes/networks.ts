// Networks: list, inspect, create, remove, and containers joining and leaving them.

import type { Api } from '#api/fastify.ts';
import { networkConnect, networkCreate, networkDisconnect } from '#api/schemas/network.ts';
import { flag, object, segment, text } from '#api/wire/schema.ts';
import type { Engine } from '#engine/open.ts';
import { EngineError, forbidden, invalid } from '#shared/errors.ts';
import { parseFilters } from '#shared/notation/filter.ts';

const tags = ['Networks'];
const params = segment('id');

export function networkRoutes(api: Api, engine: Engine): void {
  readRoutes(api, engine);
  changeRoutes(api, engine);
  memberRoutes(api, engine);
}

function readRoutes(api: Api, { networks }: Engine): void {
  const list = { summary: 'List networks', tags, querystring: object({ filters: text }) };
  api.get('/networks', { schema: list }, async ({ query }) => networks.list(parseFilters(query.filters)));
  const inspect = {
    summary: 'Inspect a network',
    tags,
    params,
    querystring: object({ verbose: flag, scope: text }),
  };
  api.get('/networks/:id', { schema: inspect }, async ({ params }) => networks.inspect(params.id));
}

function changeRoutes(api: Api, { networks }: Engine): void {
  const create = { summary: 'Create a network', tags, body: networkCreate };
  api.post('/networks/create', { schema: create }, async ({ body }, reply) => {
    if (!body.Name) throw invalid('invalid name: name is empty');
    const answer = await networks.create({ ...body, Name: body.Name });
    return reply.code(201).send(answer);
  });
  const remove = { summary: 'Remove a network', tags, params };
  api.delete('/networks/:id', { schema: remove }, async ({ params }, reply) => {
    await networks.remove(params.id).catch(asForbidden);
    return reply.code(204).send();
  });
  const prune = { summary: 'Delete unused networks', tags, querystring: object({ filters: text }) };
  api.post('/networks/prune', { schema: prune }, async ({ query }) =>
    networks.prune(parseFilters(query.filters)),
  );
}

function memberRoutes(api: Api, { containers }: Engine): void {
  const connect = { summary: 'Connect a container', tags, params, body: networkConnect };
  api.post('/networks/:id/connect', { schema: connect }, async ({ params, body }, reply) => {
    if (!body.Container) throw invalid('invalid name or ID supplied: ""');
    await containers.connect(body.Container, params.id, body.EndpointConfig);
    return reply.code(200).send();
  });
  const disconnect = { summary: 'Disconnect a container', tags, params, body: networkDisconnect };
  api.post('/networks/:id/disconnect', { schema: disconnect }, async ({ params, body }, reply) => {
    if (!body.Container) throw invalid('invalid name or ID supplied: ""');
    await containers.disconnect(body.Container, params.id, { force: body.Force ?? false });
    return reply.code(200).send();
  });
}

/** Docker forbids what is in use here, where it calls that a conflict elsewhere. */
function asForbidden(thrown: unknown): never {
  if (!(thrown instanceof EngineError) || thrown.kind !== 'conflict') throw thrown;
  throw forbidden(thrown.message, {
    cause: thrown,
    ...(thrown.hint === undefined ? {} : { hint: thrown.hint }),
  });
}
