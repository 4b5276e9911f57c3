// Ports of this machine that two services of a project want at the same time.
import type { Problem } from '#compose/load/place.ts';
import type { Project, PublishedPort, Service } from '#compose/model.ts';
import { parsePortRange } from '#shared/notation/port.ts';

interface Taken {
  service: string;
  address: string;
}

/** A problem for every port of the host that is published twice, or by a service of more than one container. */
export function clashingPorts(project: Project): Problem[] {
  const taken = new Map<string, Taken[]>();
  const found: Problem[] = [];
  for (const [service, { ports = [] }] of Object.entries(project.services)) {
    for (const [index, port] of ports.entries()) {
      const clash = claim(taken, service, port);
      if (clash === undefined) continue;
      found.push({
        at: project.placeOf(['services', service, 'ports', index]),
        message: `service "${service}" publishes port ${clash.port}, which ${clash.holder === service ? 'it publishes already' : `service "${clash.holder}" publishes too`}`,
        hint: 'give one of them another port on the host',
      });
    }
  }
  return found;
}

/** A range for a single target is a choice the engine makes, so it takes nothing for itself. */
function claim(
  taken: Map<string, Taken[]>,
  service: string,
  port: PublishedPort,
): { port: string; holder: string } | undefined {
  const range = parsePortRange(port.published ?? '0');
  if (range.start === 0 || range.end > range.start) return undefined;
  const key = `${range.start}/${port.protocol}`;
  const address = port.host_ip ?? '';
  const holders = taken.get(key) ?? [];
  const holder = holders.find((other) => overlaps(other.address, address));
  taken.set(key, [...holders, { service, address }]);
  return holder === undefined ? undefined : { port: key, holder: holder.service };
}

function overlaps(a: string, b: string): boolean {
  return a === b || isAny(a) || isAny(b);
}

function isAny(address: string): boolean {
  return address === '' || address === '0.0.0.0' || address === '::';
}

/** How many containers a service is to have. */
export function replicasOf(service: Service): number {
  return service.scale ?? service.deploy?.replicas ?? 1;
}
