// Certificates of one registry, from folders named like it (`certs.d/HOST:PORT/`), as Docker keeps them.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';
import { codeOf, invalid } from '#shared/errors.ts';

/** Where they are looked for unless told. */
export const defaultCertsDirs: readonly string[] = ['/etc/wharf/certs.d', '/etc/docker/certs.d'];

export interface HostCertificates {
  /** PEM texts of authorities that are trusted besides the system's; from `*.crt`. */
  authorities: string[];
  /** What the client shows: `*.cert` with the `*.key` of the same name. */
  client: { cert: string; key: string }[];
}

/** Undefined where no folder has any. Throws `invalid` on half a pair, with Docker's sentences. */
export function readCertificates(dirs: readonly string[], host: string): HostCertificates | undefined {
  const found: HostCertificates = { authorities: [], client: [] };
  for (const dir of dirs) readFolder(join(dir, host), found);
  return found.authorities.length + found.client.length === 0 ? undefined : found;
}

function readFolder(folder: string, found: HostCertificates): void {
  const names = namesIn(folder);
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  for (const name of names) {
    const stem = name.slice(0, name.lastIndexOf('.'));
    if (name.endsWith('.crt')) found.authorities.push(read(name));
    if (name.endsWith('.cert')) {
      if (!names.includes(`${stem}.key`)) {
        throw invalid(
          `missing key ${stem}.key for client certificate ${name}. CA certificates must use the extension .crt`,
          { hint: `Look in ${folder}.` },
        );
      }
      found.client.push({ cert: read(name), key: read(`${stem}.key`) });
    }
    if (name.endsWith('.key') && !names.includes(`${stem}.cert`)) {
      throw invalid(`missing client certificate ${stem}.cert for key ${name}`, {
        hint: `Look in ${folder}.`,
      });
    }
  }
}

/** Changes when a file in one of the host's folders does. */
export function certificatesVersion(dirs: readonly string[], host: string): string {
  return dirs
    .flatMap((dir) => {
      const folder = join(dir, host);
      return namesIn(folder).map((name) => {
        const stat = statSync(join(folder, name), { throwIfNoEntry: false });
        return `${folder}/${name}:${stat?.mtimeMs}:${stat?.size}`;
      });
    })
    .join(' ');
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT' || codeOf(thrown) === 'ENOTDIR') return [];
    throw thrown;
  }
}

let system: string[] | undefined;

/** What every connection trusts: Node's own list and the machine's. */
export function systemAuthorities(): string[] {
  system ??= [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
  return system;
}
