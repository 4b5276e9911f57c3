// Manifests: read, pushed and deleted by tag or digest (distribution-spec, "Pulling", "Pushing", "Deleting Manifests").
import { algorithmOf } from '#shared/oci/digest.ts';
import { digestOf } from '#storage/content/content.ts';
import { refuse } from '../failures.ts';
import type { Hub } from '../hub.ts';
import { parseTarget, shown } from '../names.ts';
import { readManifest } from '../store/manifest-facts.ts';
import { answerBytes, answerEmpty, readSmall } from '../wire/exchange.ts';
import { type Asked, assertWritable, type Context, nameUnknown } from './context.ts';

const maxManifestBytes = 4 * 1024 * 1024;

/** GET and HEAD. */
export async function answerManifest({ hub, proxy }: Context, asked: Asked): Promise<void> {
  const { exchange, repository } = asked;
  const target = parseTarget(asked.target);
  await proxy?.ensureManifest(repository, target);
  const digest = 'digest' in target ? target.digest : hub.repositories.tag(repository, target.tag)?.digest;
  const record = digest === undefined ? undefined : hub.repositories.manifest(repository, digest);
  if (digest === undefined || record === undefined) throw unknown(hub, asked);
  const headers = {
    'content-type': record.mediaType,
    'docker-content-digest': digest,
    etag: `"${digest}"`,
  };
  if (exchange.request.headers['if-none-match']?.includes(digest)) {
    exchange.response.writeHead(304, headers).end();
  } else if (exchange.method === 'HEAD') {
    exchange.response.writeHead(200, { ...headers, 'content-length': String(record.sizeBytes) }).end();
  } else {
    answerBytes(exchange, await hub.content.read(digest), { status: 200, headers });
  }
}

/** PUT: what the manifest refers to must be here; two pushes of one tag at once leave one of them, whole. */
export async function putManifest(context: Context, asked: Asked): Promise<void> {
  assertWritable(context);
  const { manifestBytes, pins, repositories, repositoryQuotas } = context.hub;
  const { exchange, repository } = asked;
  const target = parseTarget(asked.target);
  const bytes = await readSmall(exchange, maxManifestBytes);
  const digest = digestOf(bytes, 'digest' in target ? algorithmOf(target.digest) : 'sha256');
  if ('digest' in target && target.digest !== digest) {
    throw refuse('DIGEST_INVALID', `the manifest has digest ${digest}, not ${target.digest}`);
  }
  const facts = readManifest(bytes, exchange.request.headers['content-type']);
  if (repositories.manifest(repository, digest) === undefined)
    repositoryQuotas.check(repository, bytes.length);
  using _ = pins.hold(digest);
  await manifestBytes.store(digest, bytes);
  const tag = 'tag' in target ? target.tag : undefined;
  repositories.putManifest(repository, { digest, sizeBytes: bytes.length, facts, tag });
  answerEmpty(exchange, 201, {
    location: `/v2/${repository}/manifests/${digest}`,
    'docker-content-digest': digest,
    ...(facts.subject === undefined ? {} : { 'oci-subject': facts.subject }),
  });
}

/** DELETE: by tag the tag alone, by digest the manifest with all its tags. */
export function deleteManifest(context: Context, asked: Asked): void {
  assertWritable(context);
  const { repositories } = context.hub;
  const target = parseTarget(asked.target);
  const gone =
    'tag' in target
      ? repositories.deleteTag(asked.repository, target.tag)
      : repositories.deleteManifest(asked.repository, target.digest);
  if (!gone) throw unknown(context.hub, asked);
  answerEmpty(asked.exchange, 202);
}

function unknown(hub: Hub, { repository, target }: Asked): Error {
  if (!hub.repositories.has(repository)) return nameUnknown(repository);
  return refuse('MANIFEST_UNKNOWN', `manifest ${shown(target)} is not in ${repository}`, {
    detail: { name: repository, target: target.slice(0, 200) },
  });
}
