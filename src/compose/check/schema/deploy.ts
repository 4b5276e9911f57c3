// Schemas of `deploy`, device requests and block device limits.
import {
  anyOf,
  integer,
  list,
  number,
  object,
  oneOf,
  orNull,
  pairs,
  type Schema,
  text,
  texts,
} from '#compose/check/schema/schema.ts';

const update = object({
  parallelism: integer,
  delay: text,
  failure_action: text,
  monitor: text,
  max_failure_ratio: number,
  order: oneOf('start-first', 'stop-first'),
});

const request = { capabilities: texts, count: integer, device_ids: texts, driver: text, options: pairs };
const limits = { cpus: number, memory: { type: ['string', 'integer'] } satisfies Schema, pids: integer };

const genericResource = object({ discrete_resource_spec: object({ kind: text, value: number }) });

export const deploy: Schema = orNull(
  object({
    mode: text,
    endpoint_mode: text,
    replicas: integer,
    labels: pairs,
    rollback_config: update,
    update_config: update,
    resources: object({
      limits: object(limits),
      reservations: object({
        ...limits,
        generic_resources: list(genericResource),
        devices: list(object(request, ['capabilities'])),
      }),
    }),
    restart_policy: object({ condition: text, delay: text, max_attempts: integer, window: text }),
    placement: object({
      constraints: texts,
      preferences: list(object({ spread: text })),
      max_replicas_per_node: integer,
    }),
  }),
);

export const gpus: Schema = anyOf(oneOf('all'), list(object(request)));

const rates = list(object({ path: text, rate: integer }));

export const blkio: Schema = object({
  device_read_bps: rates,
  device_read_iops: rates,
  device_write_bps: rates,
  device_write_iops: rates,
  weight: integer,
  weight_device: list(object({ path: text, weight: integer })),
});
