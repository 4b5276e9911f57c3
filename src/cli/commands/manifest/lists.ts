// Lists of manifests that `manifest create` began and `manifest push` will send: a file each, beside the settings.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { configDir, type Env } from '#cli/files/config-file.ts';
import { codeOf, notFound } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { familiarReference, formatReference, type Reference } from '#shared/oci/reference.ts';
import type { Descriptor, Platform } from '#shared/oci/specs.ts';

/** A manifest of a list: where it was found, and what the list will say of it. */
export interface Member {
  /** In full, with its registry. */
  source: string;
  descriptor: Descriptor & { platform: Platform & { 'os.features'?: string[] } };
}

const fileOf = (env: Env, list: Reference): string =>
  join(configDir(env), 'manifests', `${encodeURIComponent(formatReference(list))}.json`);

/** The members of a list that was begun here; undefined where there is none. */
export function findList(env: Env, list: Reference): Member[] | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(env, list), 'utf8'));
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** Throws `notFound`. */
export function getList(env: Env, list: Reference): Member[] {
  const members = findList(env, list);
  if (members !== undefined) return members;
  throw notFound(`No such manifest: ${familiarReference(list)}`, {
    hint: `begin it with: wharf manifest create ${familiarReference(list)} IMAGE...`,
  });
}

export function keepList(env: Env, list: Reference, members: readonly Member[]): void {
  const file = fileOf(env, list);
  makeFolders(mkdirSync, dirname(file), 0o700);
  writeFileSync(file, `${JSON.stringify(members, undefined, 2)}\n`);
}

/** Throws `notFound` for a list that is not there. */
export function removeList(env: Env, list: Reference): void {
  getList(env, list);
  rmSync(fileOf(env, list));
}
