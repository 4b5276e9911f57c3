// Containers for clients of older API versions: what they may not ask for yet, and what their answers looked like.
import type {
  ContainerCreateRequest,
  ContainerInspect,
  ContainerSummary,
} from '#shared/contract/container.ts';
import type { EndpointSettings } from '#shared/contract/network.ts';

/** Without the fields that came later: an older client that sends them got no effect from any engine. */
export function createRequestOf(minor: number, request: ContainerCreateRequest): ContainerCreateRequest {
  if (minor >= 44) return request;
  const { HostConfig: host, Healthcheck: check, ...rest } = request;
  const { StartInterval: _, ...olderCheck } = check ?? {};
  const healthcheck = check ? { Healthcheck: olderCheck } : {};
  if (!host) return { ...rest, ...healthcheck };
  const HostConfig = { ...host };
  if (minor < 43) delete HostConfig.Annotations;
  if (minor < 42) {
    delete HostConfig.ConsoleSize;
    HostConfig.Mounts = host.Mounts?.map(withoutMadeMountPoint) ?? null;
  }
  return { ...rest, ...healthcheck, HostConfig };
}

type Mount = NonNullable<NonNullable<ContainerCreateRequest['HostConfig']>['Mounts']>[number];

function withoutMadeMountPoint(mount: Mount): Mount {
  if (!mount.BindOptions) return mount;
  const { CreateMountpoint: _, ...BindOptions } = mount.BindOptions;
  return { ...mount, BindOptions };
}

const movedMacAddress =
  'The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.';

/** What the client of a version is warned of about its request. */
export function createWarningsOf(minor: number, request: ContainerCreateRequest): string[] {
  return minor >= 44 && request.MacAddress ? [movedMacAddress] : [];
}

export function summaryOf(minor: number, summary: ContainerSummary): ContainerSummary {
  if (minor >= 46) return summary;
  return { ...summary, HostConfig: { NetworkMode: summary.HostConfig.NetworkMode } };
}

/** Before 1.45 the short id stood among the aliases of user networks; now only among the DNS names. */
export function inspectOf(minor: number, inspect: ContainerInspect): ContainerInspect {
  if (minor >= 45) return inspect;
  const shortId = inspect.Id.slice(0, 12);
  const networks = Object.entries(inspect.NetworkSettings.Networks).map(
    ([name, settings]): [string, EndpointSettings] => {
      const hasNames = (settings.DNSNames ?? []).length > 0;
      return [name, hasNames ? { ...settings, Aliases: [...(settings.Aliases ?? []), shortId] } : settings];
    },
  );
  const NetworkSettings = { ...inspect.NetworkSettings, Networks: Object.fromEntries(networks) };
  return { ...inspect, NetworkSettings };
}
