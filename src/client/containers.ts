// Containers over the wire.
import type { Duplex, Readable } from 'node:stream';
import type { StatsAnswer } from '#client/stats.ts';
import type { Query, Wire } from '#client/wire.ts';
import { readAll } from '#client/wire.ts';
import type {
  ContainerCreateAnswer,
  ContainerCreateRequest,
  ContainerInspect,
  ContainerSummary,
  FileChange,
  HostConfig,
  Readiness,
  TopAnswer,
  WaitAnswer,
} from '#shared/contract/container.ts';
import { isKind, messageOf } from '#shared/errors.ts';

export interface ListQuery {
  all?: boolean;
  limit?: number;
  size?: boolean;
  /** JSON, as `formatFilters` makes it. */
  filters?: string;
}

export interface AttachQuery {
  stdin?: boolean;
  stdout?: boolean;
  stderr?: boolean;
  logs?: boolean;
  detachKeys?: string;
}

export interface LogsQuery {
  follow?: boolean;
  timestamps?: boolean;
  /** Unix seconds, with a fraction. */
  since?: string;
  until?: string;
  tail?: string;
  details?: boolean;
}

export interface PathStat {
  name: string;
  size: number;
  /** Go's file mode bits. */
  mode: number;
  mtime: string;
  linkTarget: string;
}

const at = (id: string, verb = '') => `/containers/${encodeURIComponent(id)}${verb}`;

export class Containers {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  create(
    request: ContainerCreateRequest,
    query: { name?: string; platform?: string } = {},
  ): Promise<ContainerCreateAnswer> {
    return this.#wire.json('/containers/create', { method: 'POST', query: { ...query }, json: request });
  }

  list(query: ListQuery = {}): Promise<ContainerSummary[]> {
    return this.#wire.json('/containers/json', { query: { ...query } });
  }

  inspect(id: string, query: { size?: boolean } = {}): Promise<ContainerInspect> {
    return this.#wire.json(at(id, '/json'), { query });
  }

  start(id: string): Promise<'done' | 'unchanged'> {
    return this.#post(id, '/start');
  }

  /** `t` in seconds. */
  stop(id: string, query: { t?: string; signal?: string } = {}): Promise<'done' | 'unchanged'> {
    return this.#post(id, '/stop', query);
  }

  restart(id: string, query: { t?: string; signal?: string } = {}): Promise<'done' | 'unchanged'> {
    return this.#post(id, '/restart', query);
  }

  kill(id: string, signal?: string): Promise<'done' | 'unchanged'> {
    return this.#post(id, '/kill', { signal });
  }

  pause(id: string): Promise<'done' | 'unchanged'> {
    return this.#post(id, '/pause');
  }

  unpause(id: string): Promise<'done' | 'unchanged'> {
    return this.#post(id, '/unpause');
  }

  rename(id: string, name: string): Promise<'done' | 'unchanged'> {
    return this.#post(id, '/rename', { name });
  }

  /** The pseudo-terminal's size in characters. */
  resize(id: string, size: { h: number; w: number }): Promise<'done' | 'unchanged'> {
    return this.#post(id, '/resize', size);
  }

  remove(
    id: string,
    query: { force?: boolean; v?: boolean; link?: boolean; trash?: string | undefined } = {},
  ): Promise<'done' | 'unchanged'> {
    return this.#wire.done(at(id), { method: 'DELETE', query });
  }

  /**
   * Resolves once the engine is waiting (so that a start after it cannot be missed), to the promise of the exit.
   */
  async wait(id: string, condition?: string, signal?: AbortSignal): Promise<{ exit: Promise<WaitAnswer> }> {
    const answer = await this.#wire.send(at(id, '/wait'), {
      method: 'POST',
      query: { condition },
      ...(signal === undefined ? {} : { signal }),
    });
    const exit = readAll(answer.body).then((text): WaitAnswer => JSON.parse(text.toString()));
    // It may fail before anybody looks at it.
    exit.catch(() => undefined);
    return { exit };
  }

  /** The container's streams in both directions; framed unless it has a terminal. The caller owns the socket. */
  attach(id: string, query: AttachQuery): Promise<Duplex> {
    return this.#wire.upgrade(at(id, '/attach'), { query: { stream: true, ...query } });
  }

  async logs(id: string, query: LogsQuery, signal?: AbortSignal): Promise<Readable> {
    const ask = {
      query: { stdout: true, stderr: true, ...query },
      ...(signal === undefined ? {} : { signal }),
    };
    return (await this.#wire.send(at(id, '/logs'), ask)).body;
  }

  top(id: string, psArgs?: string): Promise<TopAnswer> {
    return this.#wire.json(at(id, '/top'), { query: { ps_args: psArgs } });
  }

  stats(
    id: string,
    query: { stream: boolean; 'one-shot'?: boolean },
    signal?: AbortSignal,
  ): Promise<AsyncIterable<StatsAnswer>> {
    const oneShot = query['one-shot'] === true ? { 'one-shot': true } : {};
    return this.#wire.lines(at(id, '/stats'), {
      query: { stream: String(query.stream), ...oneShot },
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async changes(id: string): Promise<FileChange[]> {
    return (await this.#wire.json<FileChange[] | null>(at(id, '/changes'))) ?? [];
  }

  update(id: string, request: Partial<HostConfig>): Promise<{ Warnings: string[] | null }> {
    return this.#wire.json(at(id, '/update'), { method: 'POST', json: request });
  }

  commit(query: Query): Promise<{ Id: string }> {
    return this.#wire.json('/commit', { method: 'POST', query, json: {} });
  }

  /** A tar of the whole file system. */
  async export(id: string): Promise<Readable> {
    return (await this.#wire.send(at(id, '/export'))).body;
  }

  /** A tar of a path, and what the path is. */
  async getArchive(id: string, path: string): Promise<{ stat: PathStat; body: Readable }> {
    const answer = await this.#wire.send(at(id, '/archive'), { query: { path } });
    return { stat: decodeStat(answer.headers['x-docker-container-path-stat']), body: answer.body };
  }

  async statPath(id: string, path: string): Promise<PathStat> {
    const answer = await this.#wire.send(at(id, '/archive'), { method: 'HEAD', query: { path } });
    answer.body.resume();
    return decodeStat(answer.headers['x-docker-container-path-stat']);
  }

  putArchive(
    id: string,
    path: string,
    tar: Readable | Buffer,
    query: Query = {},
  ): Promise<'done' | 'unchanged'> {
    return this.#wire.done(at(id, '/archive'), { method: 'PUT', query: { path, ...query }, body: tar });
  }

  /** Wharf's own: these files are in it, read-only, from its next start on. False where the engine has no such thing. */
  async grantFiles(id: string, tar: Buffer): Promise<boolean> {
    try {
      await this.#wire.done(at(id, '/granted'), { method: 'PUT', body: tar });
      return true;
    } catch (thrown) {
      if (isKind(thrown, 'not-found') && messageOf(thrown).includes('page not found')) return false;
      throw thrown;
    }
  }

  /** Wharf's own: whether its service answers. `probe` as `http:8080/health`; without it by its exposed ports. */
  ready(id: string, probe?: string): Promise<Readiness> {
    return this.#wire.json(at(id, '/ready'), { query: { probe } });
  }

  prune(filters?: string): Promise<{ ContainersDeleted: string[] | null; SpaceReclaimed: number }> {
    return this.#wire.json('/containers/prune', { method: 'POST', query: { filters } });
  }

  #post(id: string, verb: string, query: Query = {}): Promise<'done' | 'unchanged'> {
    return this.#wire.done(at(id, verb), { method: 'POST', query });
  }
}

function decodeStat(header: string | string[] | undefined): PathStat {
  const stat: PathStat = JSON.parse(Buffer.from(String(header ?? ''), 'base64').toString() || '{}');
  return stat;
}
