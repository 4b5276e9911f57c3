// Blobs: asked for, read in whole or in part, unlinked (distribution-spec, "Pulling blobs", "Deleting Blobs").
import type { BlobDigest } from '#shared/oci/digest.ts';
import { refuse } from '../failures.ts';
import { parseBlobDigest } from '../names.ts';
import { sendGrowing } from '../proxy/growing-blob.ts';
import { answerEmpty } from '../wire/exchange.ts';
import { parseRange, type Span } from '../wire/ranges.ts';
import { sendFile } from '../wire/send-file.ts';
import { type Asked, assertWritable, type Context } from './context.ts';

/** GET and HEAD. */
export async function answerBlob(context: Context, asked: Asked): Promise<void> {
  const { hub, proxy } = context;
  const { exchange, repository } = asked;
  const digest = parseBlobDigest(asked.target);
  const sizeBytes = hub.repositories.blobSize(repository, digest);
  if (sizeBytes === undefined) {
    if (proxy !== undefined) return await answerFetched(context, asked, digest);
    throw unknown(digest);
  }
  if (exchange.method === 'HEAD') hub.repositories.freshen(repository, digest);
  const span = begin(asked, digest, sizeBytes);
  if (span !== undefined) await sendFile(exchange.response, hub.content.path(digest), span);
}

/** DELETE: the repository has the blob no more; the bytes go when no other has it either. */
export function deleteBlob(context: Context, { exchange, repository, target }: Asked): void {
  assertWritable(context);
  const digest = parseBlobDigest(target);
  if (!context.hub.repositories.unlink(repository, digest)) throw unknown(digest);
  answerEmpty(exchange, 202, { 'docker-content-digest': digest });
}

async function answerFetched({ proxy }: Context, asked: Asked, digest: BlobDigest): Promise<void> {
  const blob = await proxy?.fetchBlob(asked.repository, digest);
  if (blob === undefined) throw unknown(digest);
  const file = await blob.openFile();
  try {
    const span = begin(asked, digest, blob.sizeBytes);
    if (span !== undefined) await sendGrowing(asked.exchange.response, { blob, file }, span);
  } finally {
    await file.close();
  }
}

/** Sends the head of the answer; the span that is to follow, or undefined where nothing is. */
function begin({ exchange }: Asked, digest: BlobDigest, sizeBytes: number): Span | undefined {
  const { request, response, method } = exchange;
  const shared = {
    'docker-content-digest': digest,
    etag: `"${digest}"`,
    'cache-control': 'max-age=31536000',
    'accept-ranges': 'bytes',
  };
  if (request.headers['if-none-match']?.includes(digest)) {
    response.writeHead(304, shared).end();
    return undefined;
  }
  const range = method === 'HEAD' ? undefined : parseRange(request.headers.range, sizeBytes);
  const span = range ?? { start: 0, end: sizeBytes };
  response.writeHead(range === undefined ? 200 : 206, {
    ...shared,
    'content-type': 'application/octet-stream',
    'content-length': String(span.end - span.start),
    ...(range === undefined ? {} : { 'content-range': `bytes ${span.start}-${span.end - 1}/${sizeBytes}` }),
  });
  if (method !== 'HEAD') return span;
  response.end();
  return undefined;
}

function unknown(digest: BlobDigest): Error {
  return refuse('BLOB_UNKNOWN', `blob ${digest} is not in this repository`, { detail: { digest } });
}
