// What a client gives for one build besides its context, and what it fetches after it. Not durable.
import { createReadStream, createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { invalid, notFound } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { newId } from '#shared/notation/id.ts';
import type { ContextStore } from './contexts/context-store.ts';
import type { KeptResult } from './output/kept-result.ts';
import type { BuildRequest, OutputKind } from './request.ts';
import { buildFolder } from './session.ts';

export type Given = Pick<
  BuildRequest,
  'secrets' | 'agents' | 'allow' | 'noCacheStages' | 'contexts' | 'outputs' | 'cacheFrom' | 'cacheTo'
>;

/** What a tar that is sent is: the files of a context, an OCI layout with one image, or one of cached steps. */
export type SentKind = 'files' | 'image' | 'cache';

interface Sent {
  name: string;
  kind: SentKind;
  path: string;
}

interface Kept {
  given: Given;
  sent: Sent[];
  /** Opened for the build, which need not read them all. */
  streams: Readable[];
  /** Lets go of contexts that were sent before. */
  held: DisposableStack;
  timer: NodeJS.Timeout;
  result?: KeptResult;
}

const unusedMs = 600_000;

export class ClientSessions {
  #root: string;
  #kept = new Map<string, Kept>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Keeps it until a build takes it, at most ten minutes. Throws `conflict` for a context that is not here. */
  open(given: Given, contexts: Pick<ContextStore, 'open'>): string {
    using held = new DisposableStack();
    for (const source of Object.values(given.contexts ?? {}))
      if ('stored' in source) held.use(contexts.open(source.stored));
    const id = newId().slice(0, 12);
    this.#kept.set(id, { given, sent: [], streams: [], held: held.move(), timer: this.#timer(id) });
    return id;
  }

  #timer(id: string): NodeJS.Timeout {
    return setTimeout(() => void this.drop(id), unusedMs).unref();
  }

  /** Keeps the tar of a named context, or of a cache, for the build. */
  async send(id: string, named: { name: string; kind: SentKind }, tar: Readable): Promise<void> {
    const kept = this.#get(id);
    const { name } = named;
    if (!/^[\w.@:/-]{1,128}$/.test(name))
      throw invalid(`invalid name of a build context: ${JSON.stringify(name)}`);
    const dir = buildFolder(this.#root, id);
    makeFolders(mkdirSync, dir, 0o700);
    const path = join(dir, `context-${kept.sent.length}`);
    await pipeline(tar, createWriteStream(path, { mode: 0o600 }));
    kept.sent.push({ ...named, path });
  }

  /** What was given; `drop` it after the build. */
  take(id: string): Given {
    const { given, sent, streams, timer } = this.#get(id);
    clearTimeout(timer);
    const contexts = { ...given.contexts };
    const cacheFrom = [...(given.cacheFrom ?? [])];
    for (const { name, kind, path } of sent) {
      const stream = createReadStream(path);
      streams.push(stream);
      if (kind === 'files') contexts[name] = stream;
      else if (kind === 'image') contexts[name] = { layout: stream };
      else cacheFrom.push({ type: 'local', layout: stream });
    }
    return { ...given, contexts, cacheFrom };
  }

  /** The client will fetch what the build made; at most ten minutes later it is let go of. */
  keep(id: string, result: KeptResult): void {
    const kept = this.#get(id);
    kept.result = result;
    kept.timer = this.#timer(id);
  }

  /** What the build made, as a tar. Throws `not-found`. */
  fetch(id: string, kind: OutputKind): Readable {
    const { result } = this.#get(id);
    if (result === undefined) throw notFound(`build session ${id} has nothing to fetch`);
    return result.open(kind);
  }

  async drop(id: string): Promise<void> {
    const kept = this.#kept.get(id);
    if (kept === undefined) return;
    clearTimeout(kept.timer);
    for (const stream of kept.streams) stream.destroy();
    kept.held.dispose();
    this.#kept.delete(id);
    await kept.result?.release();
    rmSync(buildFolder(this.#root, id), { recursive: true, force: true });
  }

  #get(id: string): Kept {
    const kept = this.#kept.get(id);
    if (kept === undefined) throw notFound(`no such build session: ${id}`);
    return kept;
  }
}
