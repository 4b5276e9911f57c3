// The long form of a service: a table, an attribute a line.
import { build, develop, envFiles, hook } from '#compose/load/forms/build.ts';
import {
  command,
  dependsOn,
  environment,
  extraHosts,
  healthTest,
  labels,
  namedEntries,
  options,
  stringList,
} from '#compose/load/forms/collections.ts';
import { attributes, type Form, hostPath, listOf } from '#compose/load/forms/form.ts';
import { configGrants, devices, secretGrants, volumes } from '#compose/load/forms/mounts.ts';
import { ports } from '#compose/load/forms/ports.ts';
import { blkio, deploy, gpus, ulimits } from '#compose/load/forms/resources.ts';
import { bytes, decimal, duration, flag, text, whole } from '#compose/load/forms/scalars.ts';

const networkEntry = attributes({
  aliases: stringList,
  link_local_ips: stringList,
  driver_opts: options,
  priority: whole,
  gw_priority: whole,
});

const healthcheck = attributes({
  test: healthTest,
  interval: duration,
  timeout: duration,
  start_period: duration,
  start_interval: duration,
  retries: whole,
  disable: (value, where) => (flag(value, where) === true ? true : undefined),
});

const extending: Form = (value, where) =>
  typeof value === 'string' ? { service: value } : attributes({ file: hostPath })(value, where);

const pullPolicy: Form = (value) => (value === 'if_not_present' ? 'missing' : value);

/** A service in its long form. Attributes that are not named here are the same in both. */
export const service: Form = attributes({
  annotations: labels,
  attach: flag,
  blkio_config: blkio,
  build,
  cap_add: stringList,
  cap_drop: stringList,
  command,
  configs: configGrants,
  cpu_count: whole,
  cpu_percent: decimal,
  cpu_period: cpuTime,
  cpu_quota: cpuTime,
  cpu_rt_period: cpuTime,
  cpu_rt_runtime: cpuTime,
  cpu_shares: whole,
  cpus: decimal,
  credential_spec: attributes({ file: hostPath }),
  depends_on: (value, where) => withFlags(dependsOn(value, where) ?? null, where),
  deploy,
  develop,
  devices,
  dns: stringList,
  dns_opt: stringList,
  dns_search: stringList,
  entrypoint: command,
  env_file: envFiles,
  environment,
  expose: stringList,
  extends: extending,
  extra_hosts: extraHosts,
  gpus,
  group_add: stringList,
  healthcheck,
  init: flag,
  label_file: listOf(hostPath),
  labels,
  logging: attributes({ options }),
  mem_limit: bytes,
  mem_reservation: bytes,
  mem_swappiness: bytes,
  memswap_limit: bytes,
  models: namedEntries((value) => value),
  networks: namedEntries(networkEntry),
  oom_kill_disable: flag,
  oom_score_adj: whole,
  pids_limit: whole,
  ports,
  post_start: listOf(hook),
  pre_start: listOf(hook),
  pre_stop: listOf(hook),
  privileged: flag,
  pull_policy: pullPolicy,
  read_only: flag,
  scale: whole,
  secrets: secretGrants,
  security_opt: stringList,
  shm_size: bytes,
  stdin_open: flag,
  stop_grace_period: duration,
  storage_opt: options,
  sysctls: labels,
  tmpfs: stringList,
  tty: flag,
  ulimits,
  use_api_socket: flag,
  user: text,
  volumes,
});

/** Microseconds, or a span of time. */
function cpuTime(...[value, where]: Parameters<Form>): ReturnType<Form> {
  return typeof value === 'string' && /[a-z]/.test(value) ? duration(value, where) : whole(value, where);
}

function withFlags(...[value, where]: Parameters<Form>): ReturnType<Form> {
  return namedEntries(attributes({ restart: flag, required: flag }))(value, where);
}
