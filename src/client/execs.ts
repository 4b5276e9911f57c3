// Commands in running containers, over the wire.
import type { Duplex } from 'node:stream';
import type { Wire } from '#client/wire.ts';
import type { ExecCreateRequest, ExecInspect, ExecStartRequest } from '#shared/contract/container.ts';

export class Execs {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  async create(containerId: string, request: ExecCreateRequest): Promise<string> {
    const path = `/containers/${encodeURIComponent(containerId)}/exec`;
    const { Id } = await this.#wire.json<{ Id: string }>(path, { method: 'POST', json: request });
    return Id;
  }

  /** Starts it with nobody attached. */
  startDetached(id: string, request: ExecStartRequest = {}): Promise<'done' | 'unchanged'> {
    return this.#wire.done(`/exec/${id}/start`, { method: 'POST', json: { ...request, Detach: true } });
  }

  /** Starts it; the socket carries its streams, framed unless it has a terminal. The caller owns the socket. */
  start(id: string, request: ExecStartRequest): Promise<Duplex> {
    return this.#wire.upgrade(`/exec/${id}/start`, { json: { Detach: false, ...request } });
  }

  inspect(id: string): Promise<ExecInspect> {
    return this.#wire.json(`/exec/${id}/json`);
  }

  resize(id: string, size: { h: number; w: number }): Promise<'done' | 'unchanged'> {
    return this.#wire.done(`/exec/${id}/resize`, { method: 'POST', query: size });
  }
}
