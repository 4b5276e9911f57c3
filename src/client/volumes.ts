// Volumes over the wire.
import type { Wire } from '#client/wire.ts';
import type { VolumeCreateRequest, VolumeInspect } from '#shared/contract/volume.ts';

export class Volumes {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  create(request: VolumeCreateRequest): Promise<VolumeInspect> {
    return this.#wire.json('/volumes/create', { method: 'POST', json: request });
  }

  async list(filters?: string): Promise<VolumeInspect[]> {
    const answer = await this.#wire.json<{ Volumes: VolumeInspect[] | null }>('/volumes', {
      query: { filters },
    });
    return answer.Volumes ?? [];
  }

  inspect(name: string): Promise<VolumeInspect> {
    return this.#wire.json(`/volumes/${encodeURIComponent(name)}`);
  }

  remove(name: string, query: { force?: boolean } = {}): Promise<'done' | 'unchanged'> {
    return this.#wire.done(`/volumes/${encodeURIComponent(name)}`, { method: 'DELETE', query });
  }

  prune(filters?: string): Promise<{ VolumesDeleted: string[] | null; SpaceReclaimed: number }> {
    return this.#wire.json('/volumes/prune', { method: 'POST', query: { filters } });
  }
}
