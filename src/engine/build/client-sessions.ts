// What a client gives for one build besides its context: secrets, agents, further contexts. In memory, forgotten after it.
import { createReadStream, createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { invalid, notFound } from '#shared/errors.ts';
import { newId } from '#shared/notation/id.ts';
import type { BuildRequest } from './request.ts';
import { buildFolder } from './session.ts';

export type Given = Pick<BuildRequest, 'secrets' | 'agents' | 'allow' | 'noCacheStages' | 'contexts'>;

interface Kept {
  given: Given;
  /** Named contexts as they were sent: name to file. */
  sent: Map<string, string>;
  /** Opened for the build, which need not read them all. */
  streams: Readable[];
  timer: NodeJS.Timeout;
}

const unusedMs = 600_000;

export class ClientSessions {
  #root: string;
  #kept = new Map<string, Kept>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Keeps it until a build takes it, at most ten minutes. */
  open(given: Given): string {
    const id = newId().slice(0, 12);
    const timer = setTimeout(() => this.drop(id), unusedMs).unref();
    this.#kept.set(id, { given, sent: new Map(), streams: [], timer });
    return id;
  }

  /** Keeps the tar of a named context for the build. */
  async send(id: string, name: string, tar: Readable): Promise<void> {
    const kept = this.#get(id);
    if (!/^[\w.@:/-]{1,128}$/.test(name))
      throw invalid(`invalid name of a build context: ${JSON.stringify(name)}`);
    const dir = buildFolder(this.#root, id);
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const path = join(dir, `context-${kept.sent.size}`);
    await pipeline(tar, createWriteStream(path, { mode: 0o600 }));
    kept.sent.set(name, path);
  }

  /** What was given; `drop` it after the build. */
  take(id: string): Given {
    const { given, sent, streams, timer } = this.#get(id);
    clearTimeout(timer);
    const opened = [...sent].map(([name, path]) => [name, createReadStream(path)] as const);
    streams.push(...opened.map(([, stream]) => stream));
    const tars = Object.fromEntries(opened);
    return { ...given, contexts: { ...given.contexts, ...tars } };
  }

  drop(id: string): void {
    const kept = this.#kept.get(id);
    if (kept === undefined) return;
    clearTimeout(kept.timer);
    for (const stream of kept.streams) stream.destroy();
    this.#kept.delete(id);
    rmSync(buildFolder(this.#root, id), { recursive: true, force: true });
  }

  #get(id: string): Kept {
    const kept = this.#kept.get(id);
    if (kept === undefined) throw notFound(`no such build session: ${id}`);
    return kept;
  }
}
