// Who has a port of the host now.
import { portHolders } from '#kernel/proc.ts';
import type { PortUse } from '#shared/contract/network.ts';
import type { NetworkRoom } from '../room.ts';

/** Running containers first, then processes. The engine's own sockets hold ports for containers and are not told. */
export function portUses(room: NetworkRoom, port: number): PortUse[] {
  const containers = room.store.sandboxes().flatMap(({ containerId, name, ports }) =>
    ports
      .filter(({ hostPort, path }) => hostPort === port && path !== 'routed')
      .map(({ protocol, hostAddress, containerAddress, containerPort, path }): PortUse => {
        const address = containerAddress.includes(':') ? `[${containerAddress}]` : containerAddress;
        return {
          Protocol: protocol,
          Address: hostAddress,
          Kind: 'container',
          Name: name,
          Id: containerId,
          Target: `${address}:${containerPort}`,
          Path: path,
        };
      }),
  );
  const processes = (['tcp', 'udp'] as const).flatMap((protocol) =>
    portHolders(protocol, port)
      .filter(({ pid }) => pid !== process.pid)
      .map(
        ({ pid, program, address }): PortUse => ({
          Protocol: protocol,
          Address: address,
          Kind: 'process',
          Name: program,
          Id: String(pid),
        }),
      ),
  );
  return [...containers, ...processes];
}
