// What a container runs: the request's configuration over the image's.
import type { ContainerConfig } from '#shared/contract/container.ts';
import { invalid } from '#shared/errors.ts';
import { envName, mergeEnv } from '#shared/notation/env.ts';
import type { Healthcheck, ImageRunConfig } from '#shared/oci/specs.ts';

const isEmpty = (list: string[] | null | undefined): boolean =>
  list === undefined || list === null || list.length === 0;

/**
 * The request's fields, and the image's where the request says nothing. An entrypoint of the request makes the
 * image's command void; the entrypoint `[""]` means none. Throws `invalid` where nothing is left to run.
 */
export function mergeConfig(request: ContainerConfig, image: ImageRunConfig): ContainerConfig {
  const command = mergeCommand(request, image);
  return {
    ...request,
    ...command,
    User: request.User || image.User || '',
    Env: mergeImageEnv(request.Env ?? [], image.Env ?? []),
    Labels: { ...(image.Labels ?? {}), ...(request.Labels ?? {}) },
    ExposedPorts: { ...(image.ExposedPorts ?? {}), ...(request.ExposedPorts ?? {}) },
    Volumes: { ...(image.Volumes ?? {}), ...(request.Volumes ?? {}) },
    WorkingDir: request.WorkingDir || image.WorkingDir || '',
    StopSignal: request.StopSignal || image.StopSignal || '',
    Shell: request.Shell ?? image.Shell ?? null,
    Healthcheck: mergeHealthcheck(request.Healthcheck, image.Healthcheck),
  };
}

function mergeCommand(
  request: ContainerConfig,
  image: ImageRunConfig,
): { Entrypoint: string[] | null; Cmd: string[] | null } {
  let entrypoint = request.Entrypoint ?? null;
  let command = request.Cmd ?? null;
  if (isEmpty(entrypoint)) {
    if (isEmpty(command)) command = image.Cmd ?? null;
    if (entrypoint === null) entrypoint = image.Entrypoint ?? null;
  }
  if (entrypoint?.length === 1 && entrypoint[0] === '') entrypoint = null;
  if (isEmpty(entrypoint) && isEmpty(command)) throw invalid('no command specified');
  return { Entrypoint: entrypoint, Cmd: command };
}

/** The request's variables first, then those of the image whose names the request does not set. */
function mergeImageEnv(request: string[], image: string[]): string[] {
  const set = new Set(request.map(envName));
  return [...request, ...image.filter((entry) => !set.has(envName(entry)))];
}

function mergeHealthcheck(
  request: Healthcheck | null | undefined,
  image: Healthcheck | undefined,
): Healthcheck | null {
  if (request === null || request === undefined) return image ?? null;
  if (image === undefined) return request;
  return {
    Test: isEmpty(request.Test) ? (image.Test ?? []) : (request.Test ?? []),
    Interval: request.Interval || image.Interval || 0,
    Timeout: request.Timeout || image.Timeout || 0,
    StartPeriod: request.StartPeriod || image.StartPeriod || 0,
    StartInterval: request.StartInterval || image.StartInterval || 0,
    Retries: request.Retries || image.Retries || 0,
  };
}

/** The program and its arguments. */
export function commandOf(config: ContainerConfig): { path: string; args: string[] } {
  const [path = '', ...args] = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  return { path, args };
}

const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The environment of the process: Docker's defaults under the configured variables; `HOME` where nobody set it. */
export function processEnv(config: ContainerConfig, hostname: string, home: string): string[] {
  const defaults = [defaultPath, `HOSTNAME=${hostname}`, ...(config.Tty === true ? ['TERM=xterm'] : [])];
  const merged = mergeEnv(defaults, config.Env ?? []);
  return merged.some((entry) => envName(entry) === 'HOME') ? merged : [...merged, `HOME=${home}`];
}
