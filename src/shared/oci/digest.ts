// Digests: parse and check `sha256:<hex>` (OCI image-spec, descriptor.md, "Digests").
import { invalid } from '#shared/errors.ts';

/** `sha256:` and 64 lower-case hex digits. */
export type Digest = `sha256:${string}`;

const pattern = /^sha256:[a-f0-9]{64}$/;

export function isDigest(text: string): text is Digest {
  return pattern.test(text);
}

/** The digest in `text`; throws `invalid` otherwise. */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) throw invalid(`invalid digest: ${JSON.stringify(text.slice(0, 200))}`);
  return text;
}

/** The 64 hex digits of a digest. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/** The twelve hex digits that people see. */
export function shortOf(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}
