// Images: list, inspect, name and delete.
import type { Engine } from '#engine/open.ts';
import { invalid, unsupported } from '#shared/errors.ts';
import { parseFilters } from '#shared/notation/filter.ts';
import type { Api } from '#api/fastify.ts';
import { flag, object, segment, text, whole } from '#api/wire/schema.ts';

const tags = ['Images'];
const params = segment('name');

export function imageRoutes(api: Api, engine: Engine): void {
  readRoutes(api, engine);
  changeRoutes(api, engine);
}

function readRoutes(api: Api, { images }: Engine): void {
  const query = object({
    all: flag,
    filters: text,
    filter: text,
    'shared-size': flag,
    digests: flag,
    manifests: flag,
  });
  const list = { summary: 'List images', tags, querystring: query };
  api.get('/images/json', { schema: list }, async ({ query }) =>
    images.list({ all: query.all ?? false, filters: parseFilters(query.filters) }),
  );
  const inspect = { summary: 'Inspect an image', tags, params, querystring: object({ manifests: flag }) };
  api.get('/images/:name/json', { schema: inspect }, async ({ params }) => images.inspect(params.name));
  const history = { summary: 'History of an image', tags, params };
  api.get('/images/:name/history', { schema: history }, async ({ params }) => images.history(params.name));
  const search = {
    summary: 'Search Docker Hub',
    tags,
    querystring: object({ term: text, limit: whole, filters: text }),
  };
  api.get('/images/search', { schema: search }, async () => {
    throw unsupported('searching Docker Hub is not supported', {
      hint: 'look for images at https://hub.docker.com',
    });
  });
}

function changeRoutes(api: Api, { images }: Engine): void {
  const tag = { summary: 'Tag an image', tags, params, querystring: object({ repo: text, tag: text }) };
  api.post('/images/:name/tag', { schema: tag }, async ({ params, query }, reply) => {
    if (!query.repo) throw invalid('invalid reference format: repo is required');
    await images.tag(params.name, query.tag ? `${query.repo}:${query.tag}` : query.repo);
    return reply.code(201).send();
  });
  const remove = {
    summary: 'Remove an image',
    tags,
    params,
    querystring: object({ force: flag, noprune: flag }),
  };
  api.delete('/images/:name', { schema: remove }, async ({ params, query }) =>
    images.remove(params.name, { force: query.force ?? false, noPrune: query.noprune ?? false }),
  );
  const prune = { summary: 'Delete unused images', tags, querystring: object({ filters: text }) };
  api.post('/images/prune', { schema: prune }, async ({ query }) =>
    images.prune(parseFilters(query.filters)),
  );
}
