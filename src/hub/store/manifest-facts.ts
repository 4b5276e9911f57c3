// What a manifest says about itself and what it needs: read once, when it is pushed. Pure.
import { type BlobDigest, isBlobDigest } from '#shared/oci/digest.ts';
import { type Descriptor, mediaTypes } from '#shared/oci/specs.ts';
import { refuse } from '../failures.ts';
import { shown } from '../names.ts';

type BlobDescriptor = Omit<Descriptor, 'digest'> & { digest: BlobDigest };

export interface Needed {
  digest: BlobDigest;
  sizeBytes: number;
}

export interface ManifestFacts {
  mediaType: string;
  /** Config and layers that must be here. */
  blobs: Needed[];
  /** Manifests of an index. */
  children: Needed[];
  subject?: BlobDigest;
  artifactType?: string;
  annotations?: Record<string, string>;
}

const manifestTypes: readonly string[] = [mediaTypes.ociManifest, mediaTypes.dockerManifest];
const indexTypes: readonly string[] = [mediaTypes.ociIndex, mediaTypes.dockerList];

type Raw = Record<string, unknown>;

/**
 * Facts of a manifest or index sent with this Content-Type (the document's own `mediaType` where there is none).
 * Throws MANIFEST_INVALID.
 */
export function readManifest(bytes: Uint8Array, contentType: string | undefined): ManifestFacts {
  const raw = parseObject(bytes);
  const mediaType = mediaTypeOf(raw, contentType);
  if (raw['schemaVersion'] !== 2) throw bad('schemaVersion is not 2');
  const facts = indexTypes.includes(mediaType) ? indexFacts(raw) : imageFacts(raw);
  return { mediaType, ...facts, ...extrasOf(raw) };
}

function parseObject(bytes: Uint8Array): Raw {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (isRaw(parsed)) return parsed;
  } catch (cause) {
    throw refuse('MANIFEST_INVALID', 'manifest invalid: it is no JSON', { cause });
  }
  throw bad('it is no JSON object');
}

function mediaTypeOf(raw: Raw, contentType: string | undefined): string {
  const sent = contentType?.split(';')[0]?.trim().toLowerCase() ?? '';
  const own = raw['mediaType'];
  if (own !== undefined && typeof own !== 'string') throw bad('mediaType is no text');
  const type = sent === '' ? (own ?? '') : sent;
  if (!manifestTypes.includes(type) && !indexTypes.includes(type)) {
    throw bad(`media type ${shown(type)} is none of an OCI manifest or index or Docker schema 2`);
  }
  if (own !== undefined && own !== type) {
    throw bad(`it was sent as ${type} but says of itself to be ${shown(own)}`);
  }
  return type;
}

function imageFacts(raw: Raw): Pick<ManifestFacts, 'blobs' | 'children'> {
  if (raw['manifests'] !== undefined) throw bad('a manifest must not have "manifests"');
  const layers = raw['layers'];
  if (!Array.isArray(layers)) throw bad('layers are missing');
  const all = [descriptorOf(raw['config'], 'config'), ...layers.map((one) => descriptorOf(one, 'layer'))];
  // Layers that may not be distributed lie elsewhere, and are not pushed.
  return { blobs: all.filter((each) => (each.urls ?? []).length === 0).map(neededOf), children: [] };
}

function indexFacts(raw: Raw): Pick<ManifestFacts, 'blobs' | 'children'> {
  if (raw['layers'] !== undefined || raw['config'] !== undefined) {
    throw bad('an index must not have "config" or "layers"');
  }
  const manifests = raw['manifests'];
  if (!Array.isArray(manifests)) throw bad('manifests are missing');
  return { blobs: [], children: manifests.map((one) => neededOf(descriptorOf(one, 'manifest'))) };
}

function extrasOf(raw: Raw): Pick<ManifestFacts, 'subject' | 'artifactType' | 'annotations'> {
  const facts: Pick<ManifestFacts, 'subject' | 'artifactType' | 'annotations'> = {};
  if (raw['subject'] !== undefined && raw['subject'] !== null) {
    facts.subject = descriptorOf(raw['subject'], 'subject').digest;
  }
  const config = raw['config'];
  const type = raw['artifactType'] || (isRaw(config) ? config['mediaType'] : undefined);
  if (typeof type === 'string' && type !== '') facts.artifactType = type;
  const annotations = raw['annotations'];
  if (isRaw(annotations)) facts.annotations = textsOf(annotations);
  return facts;
}

function textsOf(raw: Raw): Record<string, string> {
  const texts = Object.entries(raw).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  return Object.fromEntries(texts);
}

function descriptorOf(value: unknown, what: string): BlobDescriptor {
  if (!isRaw(value)) throw bad(`the descriptor of a ${what} is missing`);
  const { digest, size, mediaType } = value;
  if (typeof digest !== 'string' || !isBlobDigest(digest)) throw bad(`a ${what} has an invalid digest`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw bad(`a ${what} has an invalid size`);
  if (typeof mediaType !== 'string') throw bad(`a ${what} has no media type`);
  const { urls } = value;
  return { digest, size, mediaType, ...(Array.isArray(urls) ? { urls } : {}) };
}

const neededOf = ({ digest, size }: BlobDescriptor): Needed => ({ digest, sizeBytes: size });

function isRaw(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function bad(why: string): Error {
  return refuse('MANIFEST_INVALID', `manifest invalid: ${why}`);
}
