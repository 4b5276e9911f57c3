// Docker's defaults for what a create request leaves open in its HostConfig.
import type { ContainerConfig, HostConfig } from '#shared/contract/container.ts';

const defaultShmBytes = 64 * 1024 * 1024;

/** The request's host configuration with the defaults that inspect shows. */
export function fillHostConfig(asked: HostConfig, config: ContainerConfig): HostConfig {
  const mode = asked.NetworkMode ?? '';
  const disabled = config.NetworkDisabled === true;
  return {
    ...asked,
    NetworkMode: disabled ? 'none' : mode === '' || mode === 'default' ? 'bridge' : mode,
    RestartPolicy: {
      Name: asked.RestartPolicy?.Name || 'no',
      MaximumRetryCount: asked.RestartPolicy?.MaximumRetryCount ?? 0,
    },
    LogConfig: { Type: asked.LogConfig?.Type || 'json-file', Config: asked.LogConfig?.Config ?? {} },
    IpcMode: asked.IpcMode || 'private',
    CgroupnsMode: asked.CgroupnsMode || 'private',
    ShmSize: asked.ShmSize || defaultShmBytes,
    Runtime: asked.Runtime || 'crun',
    PortBindings: asked.PortBindings ?? null,
    MemorySwap: swapOf(asked),
  };
}

/** A memory limit without a word about swap allows as much swap again. */
function swapOf(asked: HostConfig): number {
  const swap = asked.MemorySwap ?? 0;
  return (asked.Memory ?? 0) > 0 && swap === 0 ? (asked.Memory ?? 0) * 2 : swap;
}

/** What the client should be told although the request is good. */
export function warningsOf(asked: HostConfig): string[] {
  const published = Object.keys(asked.PortBindings ?? {}).length > 0 || asked.PublishAllPorts === true;
  if (asked.NetworkMode === 'host' && published) {
    return ['Published ports are discarded when using host network mode'];
  }
  return [];
}
