// Images: list, inspect, name and delete.

import type { Api } from '#api/fastify.ts';
import { signalOf } from '#api/streams/pump.ts';
import { askedMinor } from '#api/versions/asked-version.ts';
import { imageInspectOf, imageSummaryOf } from '#api/versions/images.ts';
import { assertPlatform } from '#api/wire/platform.ts';
import { decodeRegistryAuth } from '#api/wire/registry-auth.ts';
import { flag, list, object, segment, text, whole } from '#api/wire/schema.ts';
import type { Engine } from '#engine/open.ts';
import { invalid } from '#shared/errors.ts';
import { parseFilters } from '#shared/notation/filter.ts';

const tags = ['Images'];
const params = segment('name');

export function imageRoutes(api: Api, engine: Engine): void {
  readRoutes(api, engine);
  changeRoutes(api, engine);
}

function readRoutes(api: Api, engine: Engine): void {
  const { images } = engine;
  const query = object({
    all: flag,
    filters: text,
    'shared-size': flag,
    digests: flag,
    manifests: flag,
  });
  const listAll = { summary: 'List images', tags, querystring: query };
  api.get('/images/json', { schema: listAll }, async ({ query, raw }) => {
    const rows = listWith(engine, { all: query.all ?? false, filters: parseFilters(query.filters) }, query);
    const users = engine.containers.countByImage();
    return rows.map((row) => imageSummaryOf(askedMinor(raw), row, users));
  });
  const inspect = {
    summary: 'Inspect an image',
    tags,
    params,
    querystring: object({ manifests: flag, platform: text }),
  };
  api.get('/images/:name/json', { schema: inspect }, async ({ params, query, raw }) => {
    if (query.manifests && query.platform) {
      throw invalid('conflicting options: manifests and platform options cannot both be set');
    }
    assertPlatform(images, params.name, query.platform);
    return imageInspectOf(askedMinor(raw), images.inspect(params.name));
  });
  const history = {
    summary: 'History of an image',
    tags,
    params,
    querystring: object({ platform: text }),
  };
  api.get('/images/:name/history', { schema: history }, async ({ params, query }) => {
    assertPlatform(images, params.name, query.platform);
    return images.history(params.name);
  });
  lookupRoutes(api, engine);
}

function lookupRoutes(api: Api, { system }: Engine): void {
  const search = {
    summary: 'Search a registry',
    tags,
    querystring: object({ term: text, limit: whole, filters: text }),
  };
  api.get('/images/search', { schema: search }, async ({ query, headers }, reply) =>
    system.search({
      term: query.term ?? '',
      limit: query.limit,
      filters: parseFilters(query.filters),
      auth: decodeRegistryAuth(headers),
      signal: signalOf(reply.raw),
    }),
  );
  const distribution = { summary: 'What a registry has under a name', tags: ['Distribution'], params };
  api.get('/distribution/:name/json', { schema: distribution }, async ({ params, headers }, reply) =>
    system.distribution(params.name, {
      auth: decodeRegistryAuth(headers),
      signal: signalOf(reply.raw),
    }),
  );
}

function changeRoutes(api: Api, { images, trash }: Engine): void {
  const tag = { summary: 'Tag an image', tags, params, querystring: object({ repo: text, tag: text }) };
  api.post('/images/:name/tag', { schema: tag }, async ({ params, query }, reply) => {
    if (!query.repo) throw invalid('invalid reference format: repo is required');
    if (query.tag && !tagPattern.test(query.tag)) throw invalid('invalid tag format');
    await images.tag(params.name, query.tag ? `${query.repo}:${query.tag}` : query.repo);
    return reply.code(201).send();
  });
  const remove = {
    summary: 'Remove an image',
    tags,
    params,
    querystring: object({ force: flag, noprune: flag, platforms: list(text), trash: text }),
  };
  api.delete('/images/:name', { schema: remove }, async ({ params, query }) => {
    for (const platform of query.platforms ?? []) assertPlatform(images, params.name, platform);
    const options = { force: query.force ?? false, noPrune: query.noprune ?? false };
    if (!query.trash || trash.isOff) return images.remove(params.name, options);
    return trash.removeImage(params.name, { ...options, group: query.trash });
  });
  const prune = { summary: 'Delete unused images', tags, querystring: object({ filters: text }) };
  api.post('/images/prune', { schema: prune }, async ({ query }) =>
    images.prune(parseFilters(query.filters)),
  );
}

const tagPattern = /^\w[\w.-]{0,127}$/;

type ListRequest = Parameters<Engine['images']['list']>[0];

function listWith(
  { images, system }: Engine,
  request: ListRequest,
  query: { 'shared-size'?: boolean | undefined },
): ReturnType<Engine['images']['list']> {
  const rows = images.list(request);
  return query['shared-size'] ? system.withSharedSizes(rows) : rows;
}
