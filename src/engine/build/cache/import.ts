// Steps taken from caches that other engines left: looked up by key, their layers fetched when a build wants them.
import { createHash } from 'node:crypto';
import { createReadStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { invalid, isKind, messageOf } from '#shared/errors.ts';
import { nowRfc3339Nano } from '#shared/notation/time.ts';
import { parseReference } from '#shared/oci/reference.ts';
import type { Descriptor } from '#shared/oci/specs.ts';
import { unpackLayer } from '#storage/archive/archive.ts';
import { chainIdOn } from '#storage/snapshots/chain-id.ts';
import type { StepLayer } from '../image-state.ts';
import type { CacheSource } from '../request.ts';
import type { BuildSession } from '../session.ts';
import type { CacheRecord } from './cache.ts';
import type { PortableLayer, PortableStep } from './portable.ts';
import { type OpenedCache, openCacheSource } from './sources.ts';

export class ImportedCache {
  #session: BuildSession;
  #steps = new Map<string, { step: PortableStep; from: OpenedCache }>();

  constructor(session: BuildSession) {
    this.#session = session;
  }

  /** Reads what a source has. One that cannot be read is told of, and the build goes on without it. */
  async add(source: CacheSource): Promise<void> {
    const name = source.type === 'registry' ? source.ref : 'a folder';
    const tell = (text: string): void => this.#session.request.onLine?.({ stream: `${text}\n` });
    if (source.type === 'registry') parseReference(source.ref);
    try {
      const opened = await openCacheSource(this.#session, source);
      for (const step of opened.steps)
        if (!this.#steps.has(step.key)) this.#steps.set(step.key, { step, from: opened });
      tell(`importing cache from ${name}: ${opened.steps.length} steps`);
    } catch (thrown) {
      if (isKind(thrown, 'cancelled')) throw thrown;
      tell(`[Warning] no cache from ${name}: ${messageOf(thrown)}`);
    }
  }

  /** The step's record with its layer in the snapshots and held by the build; undefined where no source has it. */
  async take(key: string): Promise<CacheRecord | undefined> {
    const found = this.#steps.get(key);
    if (found === undefined) return undefined;
    const { step, from } = found;
    const now = nowRfc3339Nano();
    try {
      const layer = step.layer === null ? null : await this.#layer(step.layer, from);
      return { instruction: step.instruction, layer, created: step.created, lastUsed: now, uses: 1 };
    } catch (thrown) {
      if (isKind(thrown, 'cancelled')) throw thrown;
      this.#steps.delete(key);
      this.#session.request.onLine?.({ stream: `[Warning] cached step not taken: ${messageOf(thrown)}\n` });
      return undefined;
    }
  }

  async #layer({ diffId, on, sizeBytes, blob }: PortableLayer, from: OpenedCache): Promise<StepLayer> {
    const { snapshots, leases } = this.#session.room;
    const chainId = chainIdOn(on, diffId);
    leases.hold(`layer:${chainId}`, this.#session.holder);
    if (!snapshots.hasLayer(chainId)) {
      if (blob === undefined) throw invalid(`there is no blob for ${diffId}`);
      const path = join(this.#session.folder(), this.#session.newName('cached'));
      try {
        await from.fetch(blob, path);
        await verify(path, blob);
        await snapshots.addLayer({ chainId, parent: on, diffId }, async (target) => {
          const unpacked = await unpackLayer({ blob: path, target, signal: this.#session.signal });
          if (unpacked.diffId !== diffId) throw invalid(`${blob.digest} unpacks to ${unpacked.diffId}`);
          return unpacked;
        });
      } finally {
        rmSync(path, { force: true });
      }
    }
    return { chainId, diffId, sizeBytes };
  }
}

async function verify(path: string, { digest }: Descriptor): Promise<void> {
  const sum = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), sum);
  if (`sha256:${sum.digest('hex')}` !== digest) throw invalid(`what came for ${digest} is something else`);
}

/** What the request names, read; undefined where it names nothing. */
export async function importCaches(session: BuildSession): Promise<ImportedCache | undefined> {
  const sources = session.request.cacheFrom ?? [];
  if (sources.length === 0 || session.request.noCache === true) return undefined;
  const imported = new ImportedCache(session);
  for (const source of sources) await imported.add(source);
  return imported;
}
