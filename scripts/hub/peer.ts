// Debian's docker-registry, which tests and bench put beside the Hub.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The one that setup unpacked into the checkout's cache, or the machine's own. */
export function dockerRegistryProgram(): string {
  const unpacked = join(import.meta.dirname, '../../.cache/tools/usr/bin/docker-registry');
  return existsSync(unpacked) ? unpacked : 'docker-registry';
}
