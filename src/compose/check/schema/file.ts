// The schema of a whole Compose file.
import {
  anyOf,
  flag,
  integer,
  list,
  mapping,
  nameKeys,
  object,
  options,
  orNull,
  pairs,
  type Schema,
  text,
  textOrList,
  texts,
} from '#compose/check/schema/schema.ts';
import { service } from '#compose/check/schema/service.ts';

const external: Schema = anyOf(flag, object({ name: text }));

const ipam = object({
  driver: text,
  config: list(object({ subnet: text, ip_range: text, gateway: text, aux_addresses: mapping(text) })),
  options: mapping(text),
});

const network = object({
  name: text,
  driver: text,
  driver_opts: options,
  ipam,
  external,
  internal: flag,
  enable_ipv4: flag,
  enable_ipv6: flag,
  attachable: flag,
  labels: pairs,
});

const volume = object({ name: text, driver: text, driver_opts: options, external, labels: pairs });

const fileBacked = {
  name: text,
  environment: text,
  file: text,
  external,
  labels: pairs,
  template_driver: text,
};

const secret = object({ ...fileBacked, driver: text, driver_opts: options });
const config = object({ ...fileBacked, content: text });
const model = object({ name: text, model: text, context_size: integer, runtime_flags: texts }, ['model']);
const inclusion = anyOf(text, object({ path: textOrList, env_file: textOrList, project_directory: text }));

/** The facts of the Compose specification. An empty section counts as absent. */
export const fileSchema: Schema = object({
  version: { type: ['string', 'number'] },
  name: text,
  include: orNull(list(inclusion)),
  services: orNull(mapping(service, nameKeys)),
  models: orNull(mapping(model, nameKeys)),
  networks: orNull(mapping(orNull(network), nameKeys)),
  volumes: orNull(mapping(orNull(volume), nameKeys)),
  secrets: orNull(mapping(secret, nameKeys)),
  configs: orNull(mapping(config, nameKeys)),
});
