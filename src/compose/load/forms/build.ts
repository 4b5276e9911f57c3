// Forms of `build` and `develop`.
import { isMap, type Json, textOf } from '#compose/json.ts';
import { command, environment, extraHosts, labels, stringList } from '#compose/load/forms/collections.ts';
import {
  absolutePath,
  attributes,
  type Form,
  hostPath,
  listOf,
  type Where,
} from '#compose/load/forms/form.ts';
import { secretGrants } from '#compose/load/forms/mounts.ts';
import { ulimits } from '#compose/load/forms/resources.ts';
import { bytes, flag } from '#compose/load/forms/scalars.ts';

/** True for contexts that are not folders of this machine: URLs, git addresses, images, other services. */
export function isRemote(context: string): boolean {
  return /^(?:[a-z][a-z0-9+.-]*:\/\/|git@|github\.com\/|service:|docker-image:|target:)/.test(context);
}

const context: Form = (value, where) =>
  typeof value === 'string' && !isRemote(value) ? absolutePath(value, where.directory) : value;

const contexts: Form = (value, where) => {
  const named = environment(value, where);
  if (!isMap(named)) return named;
  return Object.fromEntries(
    Object.entries(named).map(([name, path]) => [name, context(path, where) ?? null]),
  );
};

const buildParts = attributes({
  context,
  args: environment,
  additional_contexts: contexts,
  labels,
  ssh: sshList,
  extra_hosts: extraHosts,
  no_cache: flag,
  pull: flag,
  privileged: flag,
  shm_size: bytes,
  ulimits,
  secrets: secretGrants,
  tags: stringList,
  cache_from: stringList,
  cache_to: stringList,
  entitlements: stringList,
  no_cache_filter: stringList,
});

/** A context alone, or the mapping. */
export const build: Form = (value, where) =>
  buildParts(typeof value === 'string' ? { context: value } : value, where);

function sshList(value: Json): Json {
  if (!isMap(value)) return (Array.isArray(value) ? value : [value]).map(textOf);
  return Object.entries(value).map(([id, path]) => (path === null ? id : `${id}=${textOf(path)}`));
}

/** A command to run inside a container: hooks, and `exec` of watch rules. */
export const hook: Form = attributes({ command, environment, privileged: flag, per_replica: flag });

export const develop: Form = attributes({
  watch: listOf(
    attributes({ path: hostPath, ignore: stringList, include: stringList, initial_sync: flag, exec: hook }),
  ),
});

/** Env files: `path` → path and whether it must be there. */
export const envFiles: Form = (value, where) =>
  (Array.isArray(value) ? value : [value]).map((entry) => envFile(entry, where));

function envFile(entry: Json, where: Where): Json {
  const said = isMap(entry) ? entry : { path: entry };
  const required = flag(said['required'] ?? true, where) ?? true;
  return { ...said, path: absolutePath(textOf(said['path']), where.directory), required };
}
