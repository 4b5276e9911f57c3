// What is asked of the engine for a container, a network and a volume of a project. Pure.
import { type HostFrame, healthcheckOf, hostConfigOf, namespaceOf } from '#compose/execute/host-config.ts';
import { defined, secondsOf } from '#compose/execute/values.ts';
import type { ProjectNetwork, ProjectVolume, Service, ServiceNetwork } from '#compose/model.ts';
import { imageOf } from '#compose/plan/diverged.ts';
import { madeFrom, thingHash, thingMade } from '#compose/plan/hash.ts';
import { containerLabels, thingLabels } from '#compose/plan/labels.ts';
import type { CreateStep } from '#compose/plan/steps.ts';
import type { ContainerConfig, ContainerCreateRequest } from '#shared/contract/container.ts';
import type { EndpointSettings, NetworkCreateRequest } from '#shared/contract/network.ts';
import type { VolumeCreateRequest } from '#shared/contract/volume.ts';

export interface ContainerFrame extends Omit<HostFrame, 'networkMode'> {
  imageId: string | undefined;
}

/** The body that makes the container of a step. */
export function containerRequest(step: CreateStep, frame: ContainerFrame): ContainerCreateRequest {
  const { project } = frame;
  const service = project.services[step.service] ?? {};
  const networks = networksInOrder(service);
  const first = networks[0];
  const networkMode =
    namespaceOf(service.network_mode, frame) ??
    (first === undefined ? 'none' : (project.networks[first]?.name ?? first));
  const endpoints = Object.fromEntries(
    networks.map((key) => [project.networks[key]?.name ?? key, endpointOf(service, key, { step, frame })]),
  );
  return {
    ...configOf(service, step, frame),
    HostConfig: hostConfigOf(service, { ...frame, networkMode }),
    NetworkingConfig: { EndpointsConfig: endpoints },
  };
}

function configOf(service: Service, step: CreateStep, { project, imageId }: ContainerFrame): ContainerConfig {
  const made = JSON.stringify(madeFrom(service));
  const exposed = [
    ...(service.expose ?? []).map((port) => (port.includes('/') ? port : `${port}/tcp`)),
    ...(service.ports ?? []).map(({ target, protocol }) => `${target}/${protocol}`),
  ];
  const identity = { service: step.service, number: step.number, configHash: step.configHash, imageId, made };
  return {
    Image: imageOf(project, step.service),
    Labels: containerLabels(project, service, identity),
    AttachStdout: true,
    AttachStderr: true,
    ...defined<ContainerConfig>({
      Env: environmentOf(service),
      Cmd: service.command ?? undefined,
      Entrypoint: service.entrypoint ?? undefined,
      Hostname: textAt(service, 'hostname'),
      Domainname: textAt(service, 'domainname'),
      User: textAt(service, 'user'),
      WorkingDir: textAt(service, 'working_dir'),
      MacAddress: textAt(service, 'mac_address'),
      Tty: service['tty'] === true ? true : undefined,
      OpenStdin: service['stdin_open'] === true ? true : undefined,
      StopSignal: service.stop_signal,
      StopTimeout: secondsOf(service.stop_grace_period),
      Healthcheck: healthcheckOf(service),
      ExposedPorts: exposed.length === 0 ? undefined : Object.fromEntries(exposed.map((port) => [port, {}])),
    }),
  };
}

function textAt(service: Service, attribute: string): string | undefined {
  const value = service[attribute];
  return typeof value === 'string' ? value : undefined;
}

/** Variables that are set nowhere are left out. */
function environmentOf({ environment }: Service): string[] | undefined {
  if (environment === undefined) return undefined;
  return Object.entries(environment).flatMap(([name, value]) => (value === null ? [] : [`${name}=${value}`]));
}

/** By priority, then by name: the first is the one that the container starts on. */
function networksInOrder(service: Service): string[] {
  const priority = (key: string): number => service.networks?.[key]?.priority ?? 0;
  return Object.keys(service.networks ?? {}).sort((a, b) => priority(b) - priority(a) || (a < b ? -1 : 1));
}

/** The driver's option that names the interface in the container. */
const ifname = 'com.docker.network.endpoint.ifname';

function endpointOf(
  service: Service,
  key: string,
  { step, frame }: { step: CreateStep; frame: ContainerFrame },
): EndpointSettings {
  const own: ServiceNetwork = service.networks?.[key] ?? {};
  const links = (service.links ?? []).map((link) => {
    const [name = '', alias = name] = link.split(':');
    return `${frame.containerOf(name)}:${alias}`;
  });
  links.push(...externalLinks(service));
  const ipam = defined<NonNullable<EndpointSettings['IPAMConfig']>>({
    IPv4Address: own.ipv4_address,
    IPv6Address: own.ipv6_address,
    LinkLocalIPs: own.link_local_ips,
  });
  return {
    Aliases: [...new Set([step.name, step.service, ...(own.aliases ?? [])])],
    ...defined<EndpointSettings>({
      IPAMConfig: Object.keys(ipam).length === 0 ? undefined : ipam,
      Links: links.length === 0 ? undefined : links,
      MacAddress: own.mac_address,
      DriverOpts:
        own.interface_name === undefined
          ? own.driver_opts
          : { ...own.driver_opts, [ifname]: own.interface_name },
      GwPriority: own.gw_priority,
    }),
  };
}

/** Containers that are not of the project, by their names. */
function externalLinks(service: Service): string[] {
  const said = service['external_links'];
  if (!Array.isArray(said)) return [];
  return said.map((link) => (String(link).includes(':') ? String(link) : `${link}:${link}`));
}

/** The body that makes a network of the project. */
export function networkRequest(project: string, key: string, network: ProjectNetwork): NetworkCreateRequest {
  const { ipam } = network;
  return {
    Name: network.name,
    Labels: thingLabels(project, {
      kind: 'network',
      key,
      own: network.labels,
      configHash: thingHash(network),
      made: thingMade(network),
    }),
    ...defined<NetworkCreateRequest>({
      Driver: network.driver,
      Options: network.driver_opts,
      Internal: network.internal,
      Attachable: network.attachable,
      EnableIPv4: network.enable_ipv4,
      EnableIPv6: network.enable_ipv6,
      IPAM:
        ipam === undefined
          ? undefined
          : { Driver: ipam.driver ?? 'default', Options: ipam.options ?? null, Config: pools(ipam.config) },
    }),
  };
}

function pools(config: NonNullable<ProjectNetwork['ipam']>['config'] = []): Record<string, unknown>[] {
  return config.map(({ subnet, ip_range, gateway, aux_addresses }) =>
    defined<Record<string, unknown>>({
      Subnet: subnet,
      IPRange: ip_range,
      Gateway: gateway,
      AuxiliaryAddresses: aux_addresses,
    }),
  );
}

/** The body that makes a volume of the project. */
export function volumeRequest(project: string, key: string, volume: ProjectVolume): VolumeCreateRequest {
  return {
    Name: volume.name,
    Labels: thingLabels(project, {
      kind: 'volume',
      key,
      own: volume.labels,
      configHash: thingHash(volume),
      made: thingMade(volume),
    }),
    ...defined<VolumeCreateRequest>({ Driver: volume.driver, DriverOpts: volume.driver_opts }),
  };
}
