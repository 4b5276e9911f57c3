// Uploads: whole, in chunks, as a stream, or mounted from another repository (distribution-spec, "Push").
import { algorithmOf, type BlobDigest } from '#shared/oci/digest.ts';
import { digestOf } from '#storage/content/content.ts';
import { HubFailure, refuse } from '../failures.ts';
import { isRepositoryName, parseBlobDigest } from '../names.ts';
import type { Chunk, UploadKey } from '../store/uploads.ts';
import { answerEmpty, type Exchange, isGone } from '../wire/exchange.ts';
import { formatUploadRange, parseContentRange } from '../wire/ranges.ts';
import { type Asked, assertWritable, type Context } from './context.ts';

const isOfNothing = (digest: BlobDigest): boolean =>
  digest === digestOf(Buffer.alloc(0), algorithmOf(digest));

/** POST: starts an upload; with `digest` the body is the whole blob, with `mount` it may be had without one. */
export async function startUpload(context: Context, asked: Asked): Promise<void> {
  assertWritable(context);
  const { exchange, repository } = asked;
  if (mount(context, asked)) return;
  const { uploads } = context.hub;
  const digest = exchange.query.get('digest');
  if (digest !== null) {
    const wanted = parseBlobDigest(digest);
    if (hasBody(exchange) || isOfNothing(wanted)) return await receiveWhole(context, asked, wanted);
  }
  context.hub.quota.check(1);
  context.hub.repositoryQuotas.check(repository, 1);
  const key = uploads.start(repository);
  answerEmpty(exchange, 202, progressHeaders(key, 0));
}

/** PATCH: the next chunk, placed by Content-Range, or simply more of a stream. */
export async function appendUpload(context: Context, asked: Asked): Promise<void> {
  const key = keyOf(asked);
  const offset = await append(context, asked, key);
  answerEmpty(asked.exchange, 202, progressHeaders(key, offset));
}

/** PUT: the last chunk, if there is one, and the digest of the whole. */
export async function finishUpload(context: Context, asked: Asked): Promise<void> {
  const key = keyOf(asked);
  const digest = parseBlobDigest(asked.exchange.query.get('digest'));
  if (hasBody(asked.exchange)) await append(context, asked, key);
  await context.hub.uploads.finish(key, digest);
  answerCreated(asked, digest);
}

/** GET and HEAD: how far the upload is. */
export async function answerUpload({ hub }: Context, asked: Asked): Promise<void> {
  const key = keyOf(asked);
  const offset = await hub.uploads.offset(key);
  asked.exchange.response.writeHead(204, progressHeaders(key, offset)).end();
}

export async function cancelUpload({ hub }: Context, asked: Asked): Promise<void> {
  await hub.uploads.cancel(keyOf(asked));
  asked.exchange.response.writeHead(204).end();
}

/** True where the blob is in another repository and may be read there: then the answer is given. */
function mount(context: Context, { exchange, identity, repository }: Asked): boolean {
  const { hub } = context;
  const digest = exchange.query.get('mount');
  if (digest === null) return false;
  const wanted = parseBlobDigest(digest);
  const from = sourceOf(context, { exchange, identity }, wanted);
  const sizeBytes = from === undefined ? undefined : hub.repositories.blobSize(from, wanted);
  if (sizeBytes === undefined) return false;
  if (hub.repositories.blobSize(repository, wanted) === undefined)
    hub.repositoryQuotas.check(repository, sizeBytes);
  hub.repositories.link(repository, wanted, sizeBytes);
  answerCreated({ exchange, repository }, wanted);
  return true;
}

/** The repository that the client names, or any that has the blob, of those that it may read. */
function sourceOf(
  { hub, guard }: Context,
  { exchange, identity }: Pick<Asked, 'exchange' | 'identity'>,
  wanted: BlobDigest,
): string | undefined {
  const from = exchange.query.get('from');
  if (from === null) return hub.repositories.namesWith(wanted).find((name) => guard.maySee(identity, name));
  return isRepositoryName(from) && guard.may(identity, { action: 'pull', repository: from })
    ? from
    : undefined;
}

async function receiveWhole(context: Context, asked: Asked, digest: BlobDigest): Promise<void> {
  const { uploads } = context.hub;
  const key = uploads.start(asked.repository);
  try {
    await uploads.append(key, { body: asked.exchange.request, ...lengthOf(asked.exchange) });
    await uploads.finish(key, digest);
  } catch (thrown) {
    // Nobody was told where this upload is: nobody can go on with it.
    await uploads.cancel(key).catch(() => {});
    throw thrown;
  }
  answerCreated(asked, digest);
}

async function append({ hub }: Context, { exchange }: Asked, key: UploadKey): Promise<number> {
  const { request } = exchange;
  const range = parseContentRange(request.headers['content-range']);
  const { sizeBytes } = lengthOf(exchange);
  const rangeBytes = range === undefined ? undefined : range.end - range.start;
  if (rangeBytes !== undefined && sizeBytes !== undefined && rangeBytes !== sizeBytes) {
    throw refuse(
      'SIZE_INVALID',
      `Content-Range tells of ${rangeBytes} bytes, Content-Length of ${sizeBytes}`,
    );
  }
  const chunk: Chunk = { body: request, at: range?.start, sizeBytes: sizeBytes ?? rangeBytes };
  try {
    return await hub.uploads.append(key, chunk);
  } catch (thrown) {
    throw await withProgress(thrown, async () => progressHeaders(key, await hub.uploads.offset(key)));
  }
}

/** A client that sent the wrong part is told where to go on. */
async function withProgress(
  thrown: unknown,
  headers: () => Promise<Record<string, string>>,
): Promise<unknown> {
  if (!(thrown instanceof HubFailure) || thrown.code !== 'RANGE_INVALID' || isGone(thrown)) return thrown;
  return refuse(thrown.code, thrown.message, { detail: thrown.detail, headers: await headers() });
}

function progressHeaders(key: UploadKey, offset: number): Record<string, string> {
  return {
    location: `/v2/${key.repository}/blobs/uploads/${key.id}`,
    range: formatUploadRange(offset),
    'docker-upload-uuid': key.id,
  };
}

function answerCreated(
  { exchange, repository }: Pick<Asked, 'exchange' | 'repository'>,
  digest: BlobDigest,
): void {
  answerEmpty(exchange, 201, {
    location: `/v2/${repository}/blobs/${digest}`,
    'docker-content-digest': digest,
  });
}

function keyOf({ repository, target }: Asked): UploadKey {
  return { repository, id: target };
}

function lengthOf({ request }: Exchange): { sizeBytes?: number } {
  const length = request.headers['content-length'];
  return length === undefined ? {} : { sizeBytes: Number(length) };
}

function hasBody({ request }: Exchange): boolean {
  return (
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
  );
}
