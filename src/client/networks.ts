// Networks over the wire.
import type { Wire } from '#client/wire.ts';
import type { EndpointSettings, NetworkCreateRequest, NetworkInspect } from '#shared/contract/network.ts';

const at = (id: string, verb = '') => `/networks/${encodeURIComponent(id)}${verb}`;

export class Networks {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  create(request: NetworkCreateRequest): Promise<{ Id: string; Warning?: string }> {
    return this.#wire.json('/networks/create', { method: 'POST', json: request });
  }

  list(filters?: string): Promise<NetworkInspect[]> {
    return this.#wire.json('/networks', { query: { filters } });
  }

  inspect(id: string, query: { verbose?: boolean } = {}): Promise<NetworkInspect> {
    return this.#wire.json(at(id), { query });
  }

  remove(id: string): Promise<'done' | 'unchanged'> {
    return this.#wire.done(at(id), { method: 'DELETE' });
  }

  connect(id: string, container: string, endpoint: EndpointSettings): Promise<'done' | 'unchanged'> {
    return this.#wire.done(at(id, '/connect'), {
      method: 'POST',
      json: { Container: container, EndpointConfig: endpoint },
    });
  }

  disconnect(id: string, container: string, force: boolean): Promise<'done' | 'unchanged'> {
    return this.#wire.done(at(id, '/disconnect'), {
      method: 'POST',
      json: { Container: container, Force: force },
    });
  }

  prune(filters?: string): Promise<{ NetworksDeleted: string[] | null }> {
    return this.#wire.json('/networks/prune', { method: 'POST', query: { filters } });
  }
}
