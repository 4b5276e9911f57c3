// Volumes: list, inspect, create, remove.

import type { Api } from '#api/fastify.ts';
import { volumeCreate } from '#api/schemas/volume.ts';
import { flag, object, segment, text } from '#api/wire/schema.ts';
import type { Engine } from '#engine/open.ts';
import { parseFilters } from '#shared/notation/filter.ts';

const tags = ['Volumes'];
const params = segment('name');

export function volumeRoutes(api: Api, { volumes }: Engine): void {
  const list = { summary: 'List volumes', tags, querystring: object({ filters: text }) };
  api.get('/volumes', { schema: list }, async ({ query }) => ({
    Volumes: await volumes.list(parseFilters(query.filters)),
    Warnings: null,
  }));
  const inspect = { summary: 'Inspect a volume', tags, params };
  api.get('/volumes/:name', { schema: inspect }, async ({ params }) => volumes.get(params.name));
  const create = { summary: 'Create a volume', tags, body: volumeCreate };
  api.post('/volumes/create', { schema: create }, async ({ body }, reply) => {
    const { ClusterVolumeSpec: _, ...request } = body;
    return reply.code(201).send(await volumes.create(request));
  });
  const remove = { summary: 'Remove a volume', tags, params, querystring: object({ force: flag }) };
  api.delete('/volumes/:name', { schema: remove }, async ({ params, query }, reply) => {
    await volumes.remove(params.name, { force: query.force ?? false });
    return reply.code(204).send();
  });
  const prune = { summary: 'Delete unused volumes', tags, querystring: object({ filters: text }) };
  api.post('/volumes/prune', { schema: prune }, async ({ query }) =>
    volumes.prune(parseFilters(query.filters)),
  );
}
