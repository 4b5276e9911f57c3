// Volumes: list, inspect, create, remove.

import { type Api, withRawBodies } from '#api/fastify.ts';
import { volumeCreate } from '#api/schemas/volume.ts';
import { signalOf } from '#api/streams/pump.ts';
import { bodyOf } from '#api/streams/request-body.ts';
import { askedMinor } from '#api/versions/asked-version.ts';
import { filled, flag, object, segment, text } from '#api/wire/schema.ts';
import type { Engine } from '#engine/open.ts';
import { parseFilters } from '#shared/notation/filter.ts';

const tags = ['Volumes'];
const params = segment('name');

export function volumeRoutes(api: Api, { volumes, trash }: Engine): void {
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
  const remove = {
    summary: 'Remove a volume',
    tags,
    params,
    querystring: object({ force: flag, trash: text }),
  };
  api.delete('/volumes/:name', { schema: remove }, async ({ params, query }, reply) => {
    const options = { force: query.force ?? false };
    if (query.trash && !trash.isOff)
      await trash.removeVolume(params.name, { ...options, group: query.trash });
    else await volumes.remove(params.name, options);
    return reply.code(204).send();
  });
  const prune = { summary: 'Delete unused volumes', tags, querystring: object({ filters: text }) };
  fileRoutes(api, volumes);
  copyRoutes(api, volumes);
  api.post('/volumes/prune', { schema: prune }, async ({ query, raw }) => {
    const filters = parseFilters(query.filters);
    // Until 1.42 volumes with names went too.
    const older = askedMinor(raw) < 42 && !filters.has('all');
    return volumes.prune(older ? new Map([...filters, ['all', ['true']]]) : filters);
  });
}

/** Wharf's own: the files of a volume. */
function fileRoutes(api: Api, volumes: Engine['volumes']): void {
  const querystring = object({ path: text });
  const files = { summary: 'List the files of a volume (Wharf)', tags, params, querystring };
  api.get('/volumes/:name/files', { schema: files }, async ({ params, query }) =>
    volumes.listFiles(params.name, query.path ?? '/'),
  );
  const content = { summary: 'Read a file of a volume (Wharf)', tags, params, querystring };
  api.get('/volumes/:name/content', { schema: content }, async ({ params, query }, reply) =>
    reply.type('application/octet-stream').send(await volumes.readFile(params.name, query.path ?? '/')),
  );
  const archive = {
    summary: 'Get the files of a volume as a tar archive (Wharf)',
    tags,
    params,
    querystring,
  };
  api.get('/volumes/:name/archive', { schema: archive }, async ({ params, query }, reply) =>
    reply.type('application/x-tar').send(await volumes.pack(params.name, query.path ?? '/')),
  );
  const usage = { summary: 'Size of a volume, and who has it (Wharf)', tags, params };
  api.get('/volumes/:name/usage', { schema: usage }, async ({ params }) => volumes.usageOf(params.name));
}

/** Wharf's own: a volume from an archive or from another volume. */
function copyRoutes(api: Api, volumes: Engine['volumes']): void {
  const bring = {
    summary: 'Fill a volume from a tar archive (Wharf)',
    tags,
    params,
    querystring: object({ merge: flag }),
  };
  withRawBodies(api, (raw) =>
    raw.post('/volumes/:name/import', { schema: bring }, async (request, reply) =>
      reply.code(201).send(
        await volumes.import(request.params.name, {
          stream: bodyOf(request.raw),
          merge: request.query.merge ?? false,
          signal: signalOf(reply.raw),
        }),
      ),
    ),
  );
  const body = filled(['Name'], { Name: text });
  const clone = { summary: 'Copy a volume (Wharf)', tags, params, body };
  api.post('/volumes/:name/clone', { schema: clone }, async ({ params, body }, reply) =>
    reply.code(201).send(await volumes.clone(params.name, body.Name)),
  );
  const rename = { summary: 'Rename a volume (Wharf)', tags, params, body };
  api.post('/volumes/:name/rename', { schema: rename }, async ({ params, body }) =>
    volumes.rename(params.name, body.Name),
  );
}
