// Forms of published ports: `8080:80/udp` and ranges → target, published, protocol, mode.
import { compact, isMap, type Json, type JsonMap, textOf } from '#compose/json.ts';
import { type Form, inside, placed, type Where, wrong } from '#compose/load/forms/form.ts';
import { whole } from '#compose/load/forms/scalars.ts';
import { parsePortKey, parsePortPublish } from '#shared/notation/port.ts';

/** The ports of a service, each container port by itself. */
export const ports: Form = (value, where) =>
  (Array.isArray(value) ? value : []).flatMap((entry, at) => portForms(entry, inside(where, at)));

function portForms(entry: Json, where: Where): Json[] {
  if (isMap(entry)) return [longPort(entry, where)];
  return placed(where, () => parsePortPublish(textOf(entry))).map(({ port, binding }) => {
    const key = parsePortKey(port);
    return compact({
      mode: 'ingress',
      host_ip: binding.HostIp === '' ? undefined : binding.HostIp,
      target: key.port,
      published: binding.HostPort === '' ? undefined : binding.HostPort,
      protocol: key.protocol,
    });
  });
}

function longPort(entry: JsonMap, where: Where): JsonMap {
  const { name, mode, host_ip, target, published, protocol, app_protocol, ...extensions } = entry;
  if (target === undefined) throw wrong(where, 'missing target', 'target is the port inside the container');
  const number = whole(target, inside(where, 'target'));
  if (typeof number !== 'number' || number < 1 || number > 65_535) {
    throw wrong(inside(where, 'target'), `invalid port: ${textOf(target)}`);
  }
  const outside = textOf(published);
  if (outside !== '') placed(inside(where, 'published'), () => parsePortPublish(`${outside}:${number}`));
  return compact({
    name: name ?? undefined,
    mode: mode ?? 'ingress',
    host_ip: host_ip ?? undefined,
    target: number,
    published: outside === '' ? undefined : outside,
    protocol: protocol ?? 'tcp',
    app_protocol: app_protocol ?? undefined,
    ...extensions,
  });
}
