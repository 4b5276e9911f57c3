// Digests: parse and check `sha256:<hex>` (OCI image-spec, descriptor.md, "Digests").
import { invalid } from '#shared/errors.ts';

/** `sha256:` and 64 lower-case hex digits. */
export type Digest = `sha256:${string}`;

const pattern = /^sha256:[a-f0-9]{64}$/;

export function isDigest(text: string): text is Digest {
  return pattern.test(text);
}

/** What blobs are called at rest and in the Hub: the algorithms that the image-spec registers. The engine has `Digest`. */
export type BlobDigest = `${DigestAlgorithm}:${string}`;
export type DigestAlgorithm = (typeof digestAlgorithms)[number];
export const digestAlgorithms = ['sha256', 'sha512'] as const;

const blobPattern = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;

export function isBlobDigest(text: string): text is BlobDigest {
  return blobPattern.test(text);
}

export function algorithmOf(digest: BlobDigest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** The digest in `text`; throws `invalid` otherwise. */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) throw invalid(`invalid digest: ${JSON.stringify(text.slice(0, 200))}`);
  return text;
}

/** The hex digits of a digest: 64, or 128 of sha512. */
export function hexOf(digest: BlobDigest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** The twelve hex digits that people see. */
export function shortOf(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}
