// How the host is: what is not as it should be, and who has a port. Ours, not Docker's.
import type { Api } from '#api/fastify.ts';
import { object, segment } from '#api/wire/schema.ts';
import type { Engine } from '#engine/open.ts';
import type { PortUse } from '#shared/contract/network.ts';
import { invalid } from '#shared/errors.ts';
import { parsePortRange } from '#shared/notation/port.ts';

const tags = ['System'];

export function checkRoutes(api: Api, engine: Engine): void {
  const check = { summary: 'Look for what is not as it should be', tags, querystring: object({}) };
  api.get('/system/check', { schema: check }, async () => engine.networks.check());
  const ports = { summary: 'Say who has a port of the host', tags, params: segment('port') };
  api.get('/system/ports/:port', { schema: ports }, async ({ params }) =>
    usesOf(engine, portOf(params.port)),
  );
}

function portOf(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) === 0) throw invalid(`invalid port: ${text}`);
  return parsePortRange(text).start;
}

/** With the containers that would have it if they ran, or were on a network. */
function usesOf({ networks, containers }: Engine, port: number): PortUse[] {
  const now = networks.portUses(port);
  const having = new Set(now.map(({ Id }) => Id));
  const asking = containers.all().flatMap(({ id, name, hostConfig, phase }) => {
    if (having.has(id)) return [];
    return Object.entries(hostConfig.PortBindings ?? {}).flatMap(([key, bindings]) =>
      (bindings ?? [])
        .filter(({ HostPort = '' }) => /^\d/.test(HostPort) && isIn(port, HostPort))
        .map(
          ({ HostIp = '' }): PortUse => ({
            Protocol: key.endsWith('/udp') ? 'udp' : key.endsWith('/sctp') ? 'sctp' : 'tcp',
            Address: HostIp,
            Kind: phase === 'running' || phase === 'paused' ? 'unconnected' : 'stopped',
            Name: name,
            Id: id,
          }),
        ),
    );
  });
  return [...now, ...asking];
}

function isIn(port: number, text: string): boolean {
  const { start, end } = parsePortRange(text);
  return port >= start && port <= end;
}
