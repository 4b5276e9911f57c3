// Forms of limits: ulimits, deploy, block devices.
import { isMap } from '#compose/json.ts';
import { labels, stringList } from '#compose/load/forms/collections.ts';
import { attributes, type Form, listOf, valuesOf } from '#compose/load/forms/form.ts';
import { bytes, decimal, deviceCount, duration, whole } from '#compose/load/forms/scalars.ts';

const softHard = attributes({ soft: whole, hard: whole });

/** `nofile: 1024` stays one number, `{soft, hard}` stay two. */
export const ulimits: Form = valuesOf((value, where) => (isMap(value) ? softHard : whole)(value, where));

const deviceParts = attributes({
  count: deviceCount,
  capabilities: stringList,
  device_ids: stringList,
  options: labels,
});

/** Requests of devices; without a count or ids all devices are meant, which is -1. */
export const deviceRequests: Form = listOf((value, where) => {
  const request = deviceParts(value, where);
  if (!isMap(request)) return request;
  return request['count'] === undefined && request['device_ids'] === undefined
    ? { ...request, count: -1 }
    : request;
});

/** `all` or a list of requests. */
export const gpus: Form = (value, where) =>
  value === 'all' ? [{ count: -1 }] : deviceRequests(value, where);

const update = attributes({
  parallelism: whole,
  delay: duration,
  monitor: duration,
  max_failure_ratio: decimal,
});

export const deploy: Form = attributes({
  labels,
  replicas: whole,
  update_config: update,
  rollback_config: update,
  resources: attributes({
    limits: attributes({ cpus: decimal, memory: bytes, pids: whole }),
    reservations: attributes({ cpus: decimal, memory: bytes, pids: whole, devices: deviceRequests }),
  }),
  restart_policy: attributes({ delay: duration, max_attempts: whole, window: duration }),
  placement: attributes({ max_replicas_per_node: whole }),
});

const rates = listOf(attributes({ rate: bytes }));

export const blkio: Form = attributes({
  weight: whole,
  weight_device: listOf(attributes({ weight: whole })),
  device_read_bps: rates,
  device_read_iops: rates,
  device_write_bps: rates,
  device_write_iops: rates,
});
