// The folder an OCI runtime starts from, and the init program of --init.
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unavailable } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { withCompiledSeccomp } from './confine/seccomp-cache.ts';
import type { OciSpec } from './oci-spec.ts';

/** Makes the folder where needed and writes `config.json` into it. Safe to repeat: the last spec counts. */
export function writeBundle(dir: string, spec: OciSpec): void {
  makeFolders(mkdirSync, dir, 0o700);
  writeFileSync(join(dir, 'config.json'), JSON.stringify(withCompiledSeccomp(dir, spec)), { mode: 0o600 });
}

/** Static programs only: the container's root has no library of the host. */
const initPrograms = [
  '/usr/libexec/wharf/docker-init',
  '/usr/libexec/docker/docker-init',
  '/usr/bin/docker-init',
  '/usr/bin/tini-static',
  '/usr/libexec/podman/catatonit',
  '/usr/bin/catatonit',
];

/** Path of a program that can be process 1 and reap orphans. None: `unavailable` with what to install. */
export function findInit(candidates: readonly string[] = initPrograms): string {
  for (const path of candidates) {
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // The next one may be there.
    }
  }
  throw unavailable('exec: "docker-init": executable file not found in $PATH', {
    hint: 'apt-get install catatonit',
  });
}
