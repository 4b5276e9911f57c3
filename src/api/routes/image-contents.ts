// Wharf's own about images: what is in them, and what registries have under a name.
import type { Api } from '#api/fastify.ts';
import { signalOf } from '#api/streams/pump.ts';
import { decodeRegistryAuth } from '#api/wire/registry-auth.ts';
import { object, segment, text, whole } from '#api/wire/schema.ts';
import type { Engine } from '#engine/open.ts';
import { invalid } from '#shared/errors.ts';

const tags = ['Images'];
const params = segment('name');

export function imageContentRoutes(api: Api, { images, system }: Engine): void {
  const layers = { summary: 'What each layer of an image is (Wharf)', tags, params };
  api.get('/images/:name/layers', { schema: layers }, async ({ params }) => images.layers(params.name));
  const files = {
    summary: 'List the files of an image (Wharf)',
    tags,
    params,
    querystring: object({ path: text }),
  };
  api.get('/images/:name/files', { schema: files }, async ({ params, query }) =>
    images.files(params.name, query.path),
  );
  const diff = {
    summary: 'What another image has that this one has not (Wharf)',
    tags,
    params,
    querystring: object({ to: text }),
  };
  api.get('/images/:name/diff', { schema: diff }, async ({ params, query }) => {
    if (!query.to) throw invalid('the image to compare with is missing: give its name as "to"');
    return images.diff(params.name, query.to);
  });
  registryRoutes(api, system);
}

function registryRoutes(api: Api, system: Engine['system']): void {
  const list = {
    summary: 'List the tags of a repository, page by page (Wharf)',
    tags: ['Distribution'],
    params,
    querystring: object({ n: whole, last: text }),
  };
  api.get('/distribution/:name/tags', { schema: list }, async ({ params, query, headers }, reply) =>
    system.tags(params.name, {
      count: query.n,
      last: query.last,
      auth: decodeRegistryAuth(headers),
      signal: signalOf(reply.raw),
    }),
  );
  const referrers = {
    summary: 'What refers to an image in its registry (Wharf)',
    tags: ['Distribution'],
    params,
  };
  api.get('/distribution/:name/referrers', { schema: referrers }, async ({ params, headers }, reply) =>
    system.referrers(params.name, { auth: decodeRegistryAuth(headers), signal: signalOf(reply.raw) }),
  );
}
