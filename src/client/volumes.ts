// Volumes over the wire.
import type { Readable } from 'node:stream';
import type { Wire } from '#client/wire.ts';
import type {
  VolumeCreateRequest,
  VolumeInspect,
  VolumeListing,
  VolumeUsage,
} from '#shared/contract/volume.ts';

const at = (name: string, rest: string): string => `/volumes/${encodeURIComponent(name)}${rest}`;

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

  remove(
    name: string,
    query: { force?: boolean; trash?: string | undefined } = {},
  ): Promise<'done' | 'unchanged'> {
    return this.#wire.done(`/volumes/${encodeURIComponent(name)}`, { method: 'DELETE', query });
  }

  /** Wharf's own, like all below up to `prune`: what is at a path of the volume. */
  files(name: string, path: string): Promise<VolumeListing> {
    return this.#wire.json(at(name, '/files'), { query: { path } });
  }

  /** The content of one file; the stream is the caller's. */
  async content(name: string, path: string): Promise<Readable> {
    return (await this.#wire.send(at(name, '/content'), { query: { path } })).body;
  }

  /** All files as a tar; the stream is the caller's. */
  async archive(name: string): Promise<Readable> {
    return (await this.#wire.send(at(name, '/archive'))).body;
  }

  import(name: string, tar: Readable, query: { merge?: boolean } = {}): Promise<VolumeInspect> {
    return this.#wire.json(at(name, '/import'), { method: 'POST', query, body: tar });
  }

  clone(name: string, newName: string): Promise<VolumeInspect> {
    return this.#wire.json(at(name, '/clone'), { method: 'POST', json: { Name: newName } });
  }

  rename(name: string, newName: string): Promise<VolumeInspect> {
    return this.#wire.json(at(name, '/rename'), { method: 'POST', json: { Name: newName } });
  }

  usage(name: string): Promise<VolumeUsage> {
    return this.#wire.json(at(name, '/usage'));
  }

  prune(filters?: string): Promise<{ VolumesDeleted: string[] | null; SpaceReclaimed: number }> {
    return this.#wire.json('/volumes/prune', { method: 'POST', query: { filters } });
  }
}
