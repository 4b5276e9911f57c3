// What Docker refuses in a create request, with its own sentences.
import type { ContainerConfig, HostConfig, RestartPolicy } from '#shared/contract/container.ts';
import { invalid } from '#shared/errors.ts';
import { parseSignal } from '#shared/notation/signal.ts';
import { validateLogConfig } from './log-drivers.ts';
import { validateParts } from './validate-parts.ts';

const minimumMemoryBytes = 6 * 1024 * 1024;
const millisecondNanos = 1_000_000;
const containerMode = /^container:.+$/;

export interface HostLimits {
  cpus: number;
}

/** Throws `invalid` with Docker's sentence for the first thing that cannot be. */
export function validateRequest(config: ContainerConfig, host: HostConfig, limits: HostLimits): void {
  validateConfig(config);
  validateRestartPolicy(host.RestartPolicy, host.AutoRemove === true);
  validateModes(config, host);
  validateContainerNetwork(config, host);
  validateMemory(host);
  validateCpu(host, limits);
  validateNumbers(host);
  validateParts(config, host, limits.cpus);
}

function validateConfig(config: ContainerConfig): void {
  const directory = config.WorkingDir ?? '';
  if (directory !== '' && !directory.startsWith('/')) {
    throw invalid(`the working directory '${directory}' is invalid, it needs to be an absolute path`);
  }
  for (const entry of config.Env ?? []) {
    if (entry === '' || entry.startsWith('=')) throw invalid(`invalid environment variable: ${entry}`);
  }
  if (config.StopSignal) parseSignal(config.StopSignal);
  if ((config.Hostname?.length ?? 0) > 64) throw invalid(`invalid hostname: ${config.Hostname}`);
  const check = config.Healthcheck;
  if (!check) return;
  for (const field of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const nanos = check[field] ?? 0;
    if (nanos !== 0 && nanos < millisecondNanos)
      throw invalid(`${field} in Healthcheck cannot be less than 1ms`);
  }
  if ((check.Retries ?? 0) < 0) throw invalid('Retries in Healthcheck cannot be negative');
}

/** Also for `update`. */
export function validateRestartPolicy(policy: RestartPolicy | undefined, autoRemove: boolean): void {
  const name = policy?.Name || 'no';
  const retries = policy?.MaximumRetryCount ?? 0;
  if (!['no', 'always', 'unless-stopped', 'on-failure'].includes(name)) {
    throw invalid(
      `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  }
  if (retries < 0) throw invalid('invalid restart policy: maximum retry count cannot be negative');
  if (retries > 0 && name !== 'on-failure') {
    throw invalid("invalid restart policy: maximum retry count can only be used with 'on-failure'");
  }
  if (autoRemove && name !== 'no') throw invalid("can't create 'AutoRemove' container with restart policy");
}

function validateModes(config: ContainerConfig, host: HostConfig): void {
  const oneOf = (value: string | undefined, allowed: string[]): boolean =>
    !value || allowed.includes(value) || containerMode.test(value);
  if (!oneOf(host.IpcMode, ['none', 'private', 'shareable', 'host']))
    throw invalid(`invalid IPC mode: ${host.IpcMode}`);
  if (!oneOf(host.PidMode, ['host', 'private'])) throw invalid(`invalid PID mode: ${host.PidMode}`);
  if (host.UTSMode && host.UTSMode !== 'host') throw invalid(`invalid UTS mode: ${host.UTSMode}`);
  if (host.UsernsMode && host.UsernsMode !== 'host')
    throw invalid(`invalid user namespace mode: ${host.UsernsMode}`);
  if (host.CgroupnsMode && !['private', 'host'].includes(host.CgroupnsMode)) {
    throw invalid(`invalid cgroup namespace mode: ${host.CgroupnsMode}`);
  }
  if (host.UTSMode === 'host' && config.Hostname)
    throw invalid('conflicting options: hostname and the UTS mode');
}

function validateContainerNetwork(config: ContainerConfig, host: HostConfig): void {
  const has = (value: object | null | undefined): boolean => !!value && Object.keys(value).length > 0;
  if (host.NetworkMode === 'host' && has(host.Links)) {
    throw invalid(
      "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
    );
  }
  if (!containerMode.test(host.NetworkMode ?? '')) return;
  const conflicts: [boolean, string][] = [
    [!!config.Hostname, 'hostname and the network mode'],
    [
      has(host.Links),
      "container type network can't be used with links. This would result in undefined behavior",
    ],
    [has(host.Dns), 'dns and the network mode'],
    [has(host.ExtraHosts), 'custom host-to-IP mapping and the network mode'],
    [!!config.MacAddress, 'mac-address and the network mode'],
    [
      has(host.PortBindings) || host.PublishAllPorts === true,
      'port publishing and the container type network mode',
    ],
    [has(config.ExposedPorts), 'port exposing and the container type network mode'],
  ];
  for (const [clashes, sentence] of conflicts) if (clashes) throw invalid(`conflicting options: ${sentence}`);
}

/** Also for `update`. */
export function validateMemory(host: HostConfig): void {
  const memory = host.Memory ?? 0;
  const swap = host.MemorySwap ?? 0;
  const reservation = host.MemoryReservation ?? 0;
  if (memory !== 0 && memory < minimumMemoryBytes) throw invalid('Minimum memory limit allowed is 6MB');
  if (memory > 0 && swap > 0 && swap < memory) {
    throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (memory === 0 && swap > 0)
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage');
  if (reservation !== 0 && reservation < minimumMemoryBytes) {
    throw invalid('Minimum memory reservation allowed is 6MB');
  }
  if (memory > 0 && reservation > memory) {
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage');
  }
  const swappiness = host.MemorySwappiness ?? -1;
  if (swappiness < -1 || swappiness > 100) {
    throw invalid(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  }
}

/** Also for `update`. */
export function validateCpu(host: HostConfig, limits: HostLimits): void {
  const nano = host.NanoCpus ?? 0;
  const period = host.CpuPeriod ?? 0;
  const quota = host.CpuQuota ?? 0;
  if (nano > 0 && period > 0)
    throw invalid('Conflicting options: Nano CPUs and CPU Period cannot both be set');
  if (nano > 0 && quota > 0) throw invalid('Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  if (nano < 0 || nano > limits.cpus * 1e9) {
    throw invalid(
      `range of CPUs is from 0.01 to ${limits.cpus}.00, as there are only ${limits.cpus} CPUs available`,
    );
  }
  if (period !== 0 && (period < 1_000 || period > 1_000_000)) {
    throw invalid('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  }
  const shares = host.CpuShares ?? 0;
  if (shares < 0) throw invalid(`invalid CPU shares (${shares}): value must be a positive integer`);
  if (quota > 0 && quota < 1_000) throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)');
}

function validateNumbers(host: HostConfig): void {
  const adjustment = host.OomScoreAdj ?? 0;
  if (adjustment < -1_000 || adjustment > 1_000) {
    throw invalid(`Invalid value ${adjustment}, range for oom score adj is [-1000, 1000]`);
  }
  if ((host.ShmSize ?? 0) < 0) throw invalid('SHM size can not be less than 0');
  const weight = host.BlkioWeight ?? 0;
  if (weight !== 0 && (weight < 10 || weight > 1_000)) {
    throw invalid('range of blkio weight is from 10 to 1000');
  }
  validateLogConfig(host.LogConfig);
  validateAbsent(host);
}

const runtimes = ['crun', 'runc', 'io.containerd.runc.v2'];

/** What exists elsewhere must not be promised here by silence. */
function validateAbsent(host: HostConfig): void {
  const [request]: { Driver?: string; Capabilities?: string[][] }[] = host.DeviceRequests ?? [];
  if (request !== undefined) {
    const wanted = `[${(request.Capabilities ?? []).map((all) => `[${all.join(' ')}]`).join(' ')}]`;
    throw invalid(`could not select device driver "${request.Driver ?? ''}" with capabilities: ${wanted}`);
  }
  if (Object.keys(host.StorageOpt ?? {}).length > 0) {
    throw invalid("--storage-opt is supported only for overlay over xfs with 'pquota' mount option");
  }
  if (host.Isolation && host.Isolation !== 'default') {
    throw invalid(`invalid isolation (${host.Isolation}): linux only supports 'default'`);
  }
  if (host.Runtime && !runtimes.includes(host.Runtime)) {
    throw invalid(`unknown or invalid runtime name: ${host.Runtime}`);
  }
}
