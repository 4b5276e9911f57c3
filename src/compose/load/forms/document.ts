// The long form of a whole file: services, networks, volumes, secrets, configs.
import { isMap, type Json, type JsonMap, textOf } from '#compose/json.ts';
import { labels, options } from '#compose/load/forms/collections.ts';
import {
  absolutePath,
  attributes,
  type Form,
  hostPath,
  listOf,
  valuesOf,
  type Where,
} from '#compose/load/forms/form.ts';
import { flag } from '#compose/load/forms/scalars.ts';
import { service } from '#compose/load/forms/service.ts';

/** `external: {name: x}` is the old spelling of `external: true` with a name. */
function shared(form: Form): Form {
  return (value, where) => {
    if (!isMap(value)) return {};
    const { external } = value;
    const old: JsonMap = isMap(external) ? { name: textOf(external['name']), external: true } : {};
    const long = form({ ...value, ...old }, where);
    if (!isMap(long)) return long;
    const { external: said, ...rest } = long;
    return said === true ? { ...rest, external: true } : rest;
  };
}

const network = shared(
  attributes({
    driver_opts: options,
    external: flag,
    internal: flag,
    attachable: flag,
    enable_ipv4: flag,
    enable_ipv6: flag,
    labels,
    ipam: attributes({ options, config: listOf(attributes({ aux_addresses: options })) }),
  }),
);
const volumeParts = shared(attributes({ driver_opts: options, external: flag, labels }));

/** A local volume with `o: bind` is a folder of this machine under a name; its path may be relative. */
const volume: Form = (value, where) => {
  const long = volumeParts(value, where);
  if (!isMap(long) || !isMap(long['driver_opts'])) return long;
  const { o, device, ...rest } = long['driver_opts'];
  const isBind = long['driver'] === 'local' && textOf(o).split(',').includes('bind') && device !== undefined;
  if (!isBind) return long;
  return {
    ...long,
    driver_opts: { ...rest, o: textOf(o), device: absolutePath(textOf(device), where.directory) },
  };
};
const fileBacked = shared(attributes({ driver_opts: options, external: flag, labels, file: hostPath }));

const documentParts = attributes({
  services: valuesOf((value, where) => service(value ?? {}, where) ?? {}),
  networks: valuesOf(network),
  volumes: valuesOf(volume),
  secrets: valuesOf(fileBacked),
  configs: valuesOf(fileBacked),
});

/** A file in its long form, with absolute paths. Throws `invalid` with the place of what cannot be read. */
export function documentForm(document: JsonMap, where: Where): JsonMap {
  const long: Json | undefined = documentParts(document, where);
  return isMap(long) ? long : {};
}
