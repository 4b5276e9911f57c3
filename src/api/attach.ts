// Opening what attach and exec start join to: a running program's stdio.

import { parseJson } from '#api/fastify.ts';
import { execStart } from '#api/schemas/container.ts';
import { parseDetachKeys } from '#api/streams/detach-keys.ts';
import type { Opened, UpgradeRoute } from '#api/upgrade.ts';
import { decodeBody } from '#api/wire/decode.ts';
import { decodeFlag } from '#api/wire/query.ts';
import { type Decoded, flag, object, text } from '#api/wire/schema.ts';
import type { Engine } from '#engine/open.ts';
import { invalid, messageOf } from '#shared/errors.ts';

export const attachQuerySchema = object({
  detachKeys: text,
  logs: flag,
  stream: flag,
  stdin: flag,
  stdout: flag,
  stderr: flag,
});

export interface AttachQuery {
  detachKeys?: string | undefined;
  logs?: boolean | undefined;
  stream?: boolean | undefined;
  stdin?: boolean | undefined;
  stdout?: boolean | undefined;
  stderr?: boolean | undefined;
}

export type ExecStart = Decoded<typeof execStart>;

/** The container's stdio as the query asks for it. The session is the caller's to dispose. */
export async function openAttach(engine: Engine, id: string, query: AttachQuery): Promise<Opened> {
  const detachKeys = parseDetachKeys(query.detachKeys);
  const stdin = (query.stdin ?? false) && (query.stream ?? false);
  const session = await engine.containers.attach(id, {
    logs: query.logs ?? false,
    stream: query.stream ?? false,
    stdin,
    stdout: query.stdout ?? false,
    stderr: query.stderr ?? false,
  });
  return { session, tty: session.tty, stdin, ...(session.tty ? { detachKeys } : {}) };
}

/**
 * Starts an exec session that was created before. A program that cannot be run is no failed request: Docker shows
 * why on the stream, and the exit code (126, 127) tells it to scripts.
 */
export async function openExec(engine: Engine, id: string, body: ExecStart): Promise<Opened> {
  const { ProcessConfig, OpenStdin, DetachKeys } = engine.containers.execInspect(id);
  const tty = ProcessConfig.tty;
  const common = { tty, stdin: OpenStdin, ...(tty ? { detachKeys: parseDetachKeys(DetachKeys) } : {}) };
  try {
    const session = await engine.containers.execStart(id, sizeOf(body.ConsoleSize));
    return { ...common, session, settled: () => execEnded(engine, id) };
  } catch (thrown) {
    if (typeof thrown !== 'object' || thrown === null || !('exitCode' in thrown)) throw thrown;
    return { ...common, failure: messageOf(thrown) };
  }
}

/** Clients ask for the exit code as soon as the output ends, and the output ends a moment before the process. */
function execEnded(engine: Engine, id: string): Promise<void> {
  const isOver = (): boolean => {
    try {
      return !engine.containers.execInspect(id).Running;
    } catch {
      return true;
    }
  };
  if (isOver()) return Promise.resolve();
  return new Promise((resolve) => {
    const forget = engine.events.listen(({ Type }) => {
      if (Type !== 'container' || !isOver()) return;
      forget();
      resolve();
    });
  });
}

/** Docker sends height first. */
export function sizeOf(sent: [number, number] | undefined): {
  consoleSize?: { width: number; height: number };
} {
  return sent === undefined ? {} : { consoleSize: { height: sent[0], width: sent[1] } };
}

/** The paths that `Upgrade: tcp` is honoured on. */
export function upgradeRoutes(engine: Engine): UpgradeRoute[] {
  return [
    {
      path: /^\/containers\/([^/]+)\/attach$/,
      protocol: 'tcp',
      open: (id, { query }) => openAttach(engine, id, attachQuery(query)),
    },
    {
      path: /^\/containers\/([^/]+)\/attach\/ws$/,
      protocol: 'websocket',
      open: (id, { query }) => openAttach(engine, id, webSocketQuery(query)),
    },
    {
      path: /^\/exec\/([^/]+)\/start$/,
      protocol: 'tcp',
      open: (id, { body }) => {
        const wanted = decodeBody(execStart, parseJson(body)) as ExecStart;
        if (wanted.Detach === true) throw invalid('a detached exec cannot be upgraded');
        return openExec(engine, id, wanted);
      },
    },
  ];
}

/** A WebSocket is always a stream, of whatever was named; of everything where nothing was. */
function webSocketQuery(query: URLSearchParams): AttachQuery {
  const asked = attachQuery(query);
  const named = ['stdin', 'stdout', 'stderr'].some((name) => query.has(name));
  return { ...asked, stream: true, ...(named ? {} : { stdin: true, stdout: true, stderr: true }) };
}

function attachQuery(query: URLSearchParams): AttachQuery {
  const flagAt = (name: string): boolean => decodeFlag(query.get(name) ?? '');
  return {
    detachKeys: query.get('detachKeys') ?? undefined,
    logs: flagAt('logs'),
    stream: flagAt('stream'),
    stdin: flagAt('stdin'),
    stdout: flagAt('stdout'),
    stderr: flagAt('stderr'),
  };
}
