// Names by the grammar of the distribution specification ("Pulling manifests"): nothing else becomes part of a path.
import { type BlobDigest, isBlobDigest } from '#shared/oci/digest.ts';
import { refuse } from './failures.ts';

const componentPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const longestName = 255;

/** True for `<name>`: components of lower-case letters and digits, joined by slashes. */
export function isRepositoryName(text: string): boolean {
  return text.length <= longestName && text.split('/').every((part) => componentPattern.test(part));
}

export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

/** The name; throws NAME_INVALID. */
export function parseRepositoryName(text: string): string {
  if (isRepositoryName(text)) return text;
  throw refuse('NAME_INVALID', `invalid repository name: ${shown(text)}`);
}

/** The digest; throws DIGEST_INVALID. */
export function parseBlobDigest(text: string | null | undefined): BlobDigest {
  if (typeof text === 'string' && isBlobDigest(text)) return text;
  throw refuse('DIGEST_INVALID', `invalid digest: ${shown(text ?? '')}`);
}

/** `<reference>`: a tag or a digest. Throws DIGEST_INVALID or TAG_INVALID. */
export function parseTarget(text: string): { tag: string } | { digest: BlobDigest } {
  if (text.includes(':')) return { digest: parseBlobDigest(text) };
  if (isTag(text)) return { tag: text };
  throw refuse('TAG_INVALID', `invalid tag: ${shown(text)}`);
}

/** What somebody sent, short enough for a message. */
export function shown(text: string): string {
  return JSON.stringify(text.slice(0, 120));
}
