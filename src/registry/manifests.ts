// Manifests: fetched by tag or digest, verified, told apart by media type (distribution-spec, "Pulling manifests").
import { createHash } from 'node:crypto';
import { type Digest, isDigest } from '#shared/oci/digest.ts';
import { type Descriptor, type Index, type Manifest, mediaTypes } from '#shared/oci/specs.ts';
import { RegistryFailure } from './failures.ts';
import { ask, type Question, type Wire } from './session.ts';
import { readSmall } from './transport.ts';

export type Document = { kind: 'manifest'; manifest: Manifest } | { kind: 'index'; index: Index };

export interface FetchedManifest {
  descriptor: Descriptor;
  bytes: Buffer;
  document: Document;
}

const maxManifestBytes = 4 * 1024 * 1024;
const indexTypes: readonly string[] = [mediaTypes.ociIndex, mediaTypes.dockerList];
const manifestTypes: readonly string[] = [mediaTypes.ociManifest, mediaTypes.dockerManifest];
const accept = [...manifestTypes, ...indexTypes, '*/*;q=0.1'].join(', ');

export function digestOf(bytes: Buffer): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/**
 * The manifest or index under `target` (a tag or a digest). Its bytes have the digest asked for, or, by tag, the one
 * the registry announced. Throws `RegistryFailure` (`unavailable` where the bytes are not what was promised).
 */
export async function fetchManifest(
  wire: Wire,
  where: Omit<Question, 'path'> & { repository: string },
  target: string,
): Promise<FetchedManifest> {
  const { repository, ...rest } = where;
  const path = `/v2/${repository}/manifests/${target}`;
  const answer = await ask(wire, { ...rest, path, headers: { accept } });
  const bytes = await readSmall(
    { method: 'GET', url: answer.url, signal: rest.signal },
    answer,
    maxManifestBytes,
  );
  const digest = digestOf(bytes);
  const promised = isDigest(target) ? target : answer.headers['docker-content-digest'];
  if (typeof promised === 'string' && isDigest(promised) && promised !== digest) {
    throw new RegistryFailure(
      'unavailable',
      `manifest verification failed for digest ${promised}: ${repository} answered with ${digest}`,
      { transient: true },
    );
  }
  const document = parseDocument(bytes);
  const mediaType = mediaTypeOf(document, String(answer.headers['content-type'] ?? ''));
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes, document };
}

/** Reads a manifest or an index; throws `RegistryFailure` (`unsupported`) on anything else. */
export function parseDocument(bytes: Buffer): Document {
  let parsed: Partial<Manifest & Index> & { schemaVersion?: number };
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new RegistryFailure('unavailable', 'the registry answered with a manifest that is no JSON', {
      cause,
    });
  }
  // Two clients could read it in two ways, under one digest (CVE-2021-41190).
  if (parsed?.manifests !== undefined && (parsed.layers !== undefined || parsed.config !== undefined)) {
    throw new RegistryFailure('unsupported', 'unsupported manifest: it is both a manifest and an index');
  }
  if (parsed?.schemaVersion === 2 && Array.isArray(parsed.manifests)) {
    return {
      kind: 'index',
      index: { ...parsed, schemaVersion: 2, manifests: parsed.manifests.filter(isDescriptor) },
    };
  }
  const { config, layers } = parsed ?? {};
  if (
    parsed?.schemaVersion === 2 &&
    isDescriptor(config) &&
    Array.isArray(layers) &&
    layers.every(isDescriptor)
  ) {
    return { kind: 'manifest', manifest: { ...parsed, schemaVersion: 2, config, layers } };
  }
  const type = `${parsed?.mediaType ?? `schema version ${parsed?.schemaVersion}`}`;
  throw new RegistryFailure('unsupported', `unsupported manifest: ${type.slice(0, 200)}`);
}

function isDescriptor(value: unknown): value is Descriptor {
  if (typeof value !== 'object' || value === null) return false;
  if (!('digest' in value) || typeof value.digest !== 'string' || !isDigest(value.digest)) return false;
  return 'size' in value && Number.isSafeInteger(value.size) && Number(value.size) >= 0;
}

function mediaTypeOf(document: Document, contentType: string): string {
  const header = contentType.split(';')[0]?.trim() ?? '';
  if (indexTypes.includes(header) || manifestTypes.includes(header)) return header;
  if (document.kind === 'index') return document.index.mediaType ?? mediaTypes.ociIndex;
  return document.manifest.mediaType ?? mediaTypes.ociManifest;
}
