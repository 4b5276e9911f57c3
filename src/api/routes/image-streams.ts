// Images: pull, import, push, save and load, with their progress.
import type { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { type Api, withRawBodies } from '#api/fastify.ts';
import { streamProgress } from '#api/streams/progress.ts';
import { bodyOf } from '#api/streams/request-body.ts';
import { assertPlatform, decodePlatform } from '#api/wire/platform.ts';
import { decodeRegistryAuth } from '#api/wire/registry-auth.ts';
import { type Decoded, flag, list, object, segment, text } from '#api/wire/schema.ts';
import { importUrl, openRemoteSource } from '#engine/images/archive/remote-source.ts';
import { isRepository } from '#engine/images/transfer/every-tag.ts';
import type { Engine } from '#engine/open.ts';
import { invalid } from '#shared/errors.ts';

const tags = ['Images'];
const params = segment('name');
const createQuery = object({
  fromImage: text,
  fromSrc: text,
  repo: text,
  tag: text,
  message: text,
  changes: list(text),
  platform: text,
  allPlatforms: flag,
});
type CreateQuery = Decoded<typeof createQuery>;

export function imageStreamRoutes(api: Api, engine: Engine): void {
  withRawBodies(api, (raw) => {
    createRoute(raw, engine);
    loadRoute(raw, engine);
  });
  pushRoute(api, engine);
  saveRoutes(api, engine);
}

function createRoute(raw: Api, engine: Engine): void {
  const create = { summary: 'Pull or import an image', tags, querystring: createQuery };
  raw.post('/images/create', { schema: create }, async (request, reply) => {
    const { query } = request;
    if (query.fromSrc) return importImage(engine, { query, body: bodyOf(request.raw), reply });
    request.raw.resume();
    if (!query.fromImage) throw invalid('invalid reference format: fromImage or fromSrc is required');
    const auth = decodeRegistryAuth(request.headers);
    const reference = referenceOf(query.fromImage, query.tag);
    return streamProgress(reply, async (onProgress, signal) => {
      const { allPlatforms } = query;
      const platform = query.platform || undefined;
      const pull = { reference, platform, allPlatforms, auth, onProgress, signal };
      await (isRepository(reference) ? engine.images.pullEveryTag(pull) : engine.images.pull(pull));
    });
  });
}

const tagPattern = /^\w[\w.-]{0,127}$/;

/** `python` and `3.11` → `python:3.11`; a digest is joined with `@`. */
function referenceOf(image: string, tag: string | undefined): string {
  if (!tag) return image;
  if (!tag.includes(':') && !tagPattern.test(tag)) throw invalid('invalid tag format');
  return tag.includes(':') ? `${image}@${tag}` : `${image}:${tag}`;
}

interface Import {
  query: CreateQuery;
  body: Readable;
  reply: FastifyReply;
}

async function importImage(engine: Engine, { query, body, reply }: Import): Promise<void> {
  const url = query.fromSrc === '-' ? undefined : importUrl(query.fromSrc ?? '');
  if (url !== undefined) body.resume();
  await streamProgress(reply, async (onLine, signal) => {
    if (url !== undefined) onLine({ status: `Downloading from ${url.href}` });
    const tree = url === undefined ? body : await openRemoteSource(url, signal);
    const image = await engine.images.importTree(tree, {
      reference: query.repo ? referenceOf(query.repo, query.tag) : undefined,
      message: query.message,
      changes: query.changes ?? [],
      platform: query.platform || undefined,
      signal,
    });
    onLine({ status: image.id });
  });
}

function loadRoute(raw: Api, { images }: Engine): void {
  const load = {
    summary: 'Load images from a tar archive',
    tags,
    querystring: object({ quiet: flag, platform: text }),
  };
  raw.post('/images/load', { schema: load }, async (request, reply) => {
    const { quiet = false, platform: sent } = request.query;
    const platform = sent ? decodePlatform(sent) : undefined;
    return streamProgress(reply, (onLine, signal) =>
      images.load(bodyOf(request.raw), {
        onProgress: (line) => (quiet && line.progressDetail !== undefined ? undefined : onLine(line)),
        platform,
        signal,
      }),
    );
  });
}

function pushRoute(api: Api, { images }: Engine): void {
  const push = { summary: 'Push an image', tags, params, querystring: object({ tag: text, platform: text }) };
  api.post('/images/:name/push', { schema: push }, async ({ params, query, headers }, reply) => {
    const auth = decodeRegistryAuth(headers);
    const reference = referenceOf(params.name, query.tag);
    const platform = query.platform ? decodePlatform(query.platform) : undefined;
    return streamProgress(reply, async (onProgress, signal) => {
      const request = { reference, platform, auth, onProgress, signal };
      await (isRepository(reference) ? images.pushEveryTag(request) : images.push(request));
    });
  });
}

function saveRoutes(api: Api, { images }: Engine): void {
  const one = {
    summary: 'Save an image as a tar archive',
    tags,
    params,
    querystring: object({ platform: text }),
  };
  api.get('/images/:name/get', { schema: one }, async ({ params, query }, reply) => {
    assertPlatform(images, params.name, query.platform);
    return reply.type('application/x-tar').send(images.save([params.name]));
  });
  const many = {
    summary: 'Save images as a tar archive',
    tags,
    querystring: object({ names: list(text), platform: list(text) }),
  };
  api.get('/images/get', { schema: many }, async ({ query }, reply) => {
    const names = (query.names ?? []).flatMap((name) => name.split(','));
    for (const name of names) for (const sent of query.platform ?? []) assertPlatform(images, name, sent);
    return reply.type('application/x-tar').send(images.save(names));
  });
}
