// Containers: their files, as tar streams in and out.

import { type Api, withRawBodies } from '#api/fastify.ts';
import { commitConfig } from '#api/schemas/container.ts';
import { sendLent } from '#api/streams/lent.ts';
import { signalOf } from '#api/streams/pump.ts';
import { bodyOf } from '#api/streams/request-body.ts';
import { flag, list, object, segment, text } from '#api/wire/schema.ts';
import type { Engine } from '#engine/open.ts';
import { invalid } from '#shared/errors.ts';

const tags = ['Containers'];
const params = segment('id');
const tar = 'application/x-tar';

export function containerFileRoutes(api: Api, engine: Engine): void {
  archiveRoutes(api, engine);
  withRawBodies(api, (raw) => putArchiveRoute(raw, engine));
  wholeRoutes(api, engine);
}

function archiveRoutes(api: Api, { containers }: Engine): void {
  const query = object({ path: text });
  const get = { summary: 'Get a path as a tar archive', tags, params, querystring: query };
  api.get('/containers/:id/archive', { schema: get }, async ({ params, query }, reply) => {
    const { stat, stream } = await containers.getArchive(params.id, pathOf(query));
    return sendLent(reply.header(statHeader, encodeStat(stat)).type(tar), stream);
  });
  const head = { summary: 'Describe a path', tags, params, querystring: query };
  api.head('/containers/:id/archive', { schema: head }, async ({ params, query }, reply) => {
    const stat = await containers.statArchive(params.id, pathOf(query));
    return reply.header(statHeader, encodeStat(stat)).code(200).send();
  });
}

function putArchiveRoute(raw: Api, { containers }: Engine): void {
  const query = object({ path: text, noOverwriteDirNonDir: flag, copyUIDGID: flag });
  const put = { summary: 'Extract a tar archive at a path', tags, params, querystring: query };
  raw.put('/containers/:id/archive', { schema: put }, async (request, reply) => {
    const { params, query } = request;
    await containers.putArchive(params.id, {
      path: pathOf(query),
      stream: bodyOf(request.raw),
      noOverwriteDirNonDir: query.noOverwriteDirNonDir ?? false,
      copyUIDGID: query.copyUIDGID ?? false,
      signal: signalOf(reply.raw),
    });
    return reply.code(200).send();
  });
  const grant = { summary: 'Give it files, read-only, for its next start (Wharf)', tags, params };
  raw.put('/containers/:id/granted', { schema: grant }, async ({ params, raw: request }, reply) => {
    await containers.grantFiles(params.id, { stream: bodyOf(request), signal: signalOf(reply.raw) });
    return reply.code(200).send();
  });
}

function wholeRoutes(api: Api, { containers }: Engine): void {
  const exportAll = { summary: 'Export the file system', tags, params };
  api.get('/containers/:id/export', { schema: exportAll }, async ({ params }, reply) =>
    sendLent(reply.type(tar), await containers.exportTree(params.id)),
  );
  const changes = { summary: 'Changes since the image', tags, params };
  api.get('/containers/:id/changes', { schema: changes }, async ({ params }) =>
    containers.changes(params.id),
  );
  const query = object({
    container: text,
    repo: text,
    tag: text,
    comment: text,
    author: text,
    pause: flag,
    changes: list(text),
  });
  const commit = {
    summary: 'Make an image of a container',
    tags: ['Images'],
    querystring: query,
    body: commitConfig,
  };
  api.post('/commit', { schema: commit }, async ({ query, body }, reply) => {
    const { container, repo, tag, comment, author } = query;
    if (!container) throw invalid('invalid name or ID supplied: ""');
    const reference = repo ? (tag ? `${repo}:${tag}` : repo) : undefined;
    const id = await containers.commit(container, {
      reference,
      comment,
      author,
      pause: query.pause ?? true,
      changes: query.changes ?? [],
      config: Object.keys(body).length === 0 ? undefined : body,
    });
    return reply.code(201).send({ Id: id });
  });
}

const statHeader = 'X-Docker-Container-Path-Stat';

const encodeStat = (stat: object): string => Buffer.from(JSON.stringify(stat)).toString('base64');

const longestPathBytes = 4095;
const longestNameBytes = 255;
const isTooLong = (name: string): boolean => Buffer.byteLength(name) > longestNameBytes;

function pathOf(query: { path?: string | undefined }): string {
  const { path } = query;
  if (!path) throw invalid('bad parameter: path is required');
  if (path.includes('\0')) throw invalid('bad parameter: path has a zero byte');
  if (Buffer.byteLength(path) > longestPathBytes || path.split('/').some(isTooLong)) {
    throw invalid(`bad parameter: ${path.slice(0, 100)}…: file name too long`);
  }
  return path;
}
