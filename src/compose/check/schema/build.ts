// Schemas of `build`, `develop` and hooks.
import {
  anyOf,
  command,
  flag,
  integer,
  list,
  mapping,
  number,
  object,
  oneOf,
  pairs,
  type Schema,
  text,
  textOrList,
  texts,
} from '#compose/check/schema/schema.ts';

export const hosts: Schema = anyOf(mapping(anyOf(text, texts)), texts);

export const grants: Schema = list(
  anyOf(text, object({ source: text, target: text, uid: text, gid: text, mode: number })),
);

export const ulimits: Schema = mapping(
  anyOf(integer, object({ soft: integer, hard: integer }, ['soft', 'hard'])),
  '^[a-z]+$',
);

export const build: Schema = anyOf(
  text,
  object({
    additional_contexts: pairs,
    args: pairs,
    cache_from: texts,
    cache_to: texts,
    context: text,
    dockerfile: text,
    dockerfile_inline: text,
    entitlements: texts,
    extra_hosts: hosts,
    isolation: text,
    labels: pairs,
    network: text,
    no_cache: flag,
    no_cache_filter: textOrList,
    platforms: texts,
    privileged: flag,
    provenance: flag,
    pull: flag,
    sbom: flag,
    secrets: grants,
    shm_size: integer,
    ssh: anyOf(text, pairs),
    tags: texts,
    target: text,
    ulimits,
  }),
);

export const hook: Schema = object(
  {
    command,
    user: text,
    privileged: flag,
    working_dir: text,
    environment: pairs,
    image: text,
    per_replica: flag,
  },
  ['command'],
);

const watchRule = object(
  {
    path: text,
    action: oneOf('rebuild', 'sync', 'restart', 'sync+restart', 'sync+exec'),
    target: text,
    ignore: textOrList,
    include: textOrList,
    initial_sync: flag,
    exec: hook,
  },
  ['path', 'action'],
);

export const develop: Schema = anyOf(object({ watch: list(watchRule) }), { type: 'null' });
