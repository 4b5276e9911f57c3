// The `platform` parameter of images: an image here is of one platform, and another one that is asked for is not here.

import { decodeBody } from '#api/wire/decode.ts';
import { object, text } from '#api/wire/schema.ts';
import { invalid, messageOf, notFound } from '#shared/errors.ts';
import { formatPlatform, parsePlatform } from '#shared/oci/platform.ts';
import type { Platform } from '#shared/oci/specs.ts';

interface Resolving {
  resolve(name: string): { config: { os: string; architecture: string; variant?: string } };
}

const platformObject = object({ architecture: text, os: text, variant: text, 'os.version': text });

/** `{"os":"linux","architecture":"amd64"}` (Docker's form), or `linux/amd64`. Throws `invalid`. */
export function decodePlatform(sent: string): Platform {
  if (!sent.trimStart().startsWith('{')) return parsePlatform(sent);
  try {
    const { os, architecture, variant } = decodeBody(platformObject, JSON.parse(sent)) as Partial<Platform>;
    const parts = [os || 'linux', architecture, variant].filter((part) => part !== undefined && part !== '');
    return parsePlatform(parts.join('/'));
  } catch (thrown) {
    throw invalid(`invalid platform: ${messageOf(thrown)}`);
  }
}

/** Throws `not-found` with Docker's sentence where the image is of another platform; absent: any will do. */
export function assertPlatform(images: Resolving, name: string, sent: string | undefined): void {
  if (!sent) return;
  const wanted = decodePlatform(sent);
  const { os, architecture, variant } = images.resolve(name).config;
  const same = os === wanted.os && architecture === wanted.architecture;
  if (same && (!wanted.variant || !variant || wanted.variant === variant)) return;
  throw notFound(
    `image with reference ${name} was found but does not provide the specified platform (${formatPlatform(wanted)})`,
  );
}
