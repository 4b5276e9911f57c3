// More about a file that is not what it was: lines that came and went, and what .dockerignore does to it.
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Snapshots } from '#storage/snapshots/snapshots.ts';
import type { CacheRecord } from '../cache/cache.ts';
import type { Preimage } from '../cache/key.ts';
import { lookAt } from '../tree/in-root.ts';
import { linesChanged } from './lines.ts';

/** What a step knows of the files that it takes, by their names in its preimage. */
export interface StepFiles {
  /** As it is now; undefined where it is not there, or is very big. */
  content(key: string): Buffer | undefined;
  /** Where it is in the build context; undefined for what is from elsewhere. */
  contextPath(key: string): string | undefined;
  /** Whether .dockerignore leaves a path of the context out now. */
  excludes(path: string): boolean;
}

export interface Before {
  preimage: Preimage;
  record: CacheRecord | undefined;
  /** Whether .dockerignore left a path of the context out. */
  excludes(path: string): boolean;
}

/** Bytes of a file that is read only to tell how it changed. */
export const mostExplainedBytes = 512 * 1024;

/** What is to be said of the file instead of, or beside, its being another one. */
export interface Explained {
  sentence?: string;
  lines?: string;
}

export function explainFile(
  name: { key: string; is: string | undefined; was: string | undefined },
  now: StepFiles,
  { before, snapshots }: { before: Before; snapshots: Pick<Snapshots, 'hasLayer' | 'layer'> },
): Explained {
  const { key, is, was } = name;
  const path = now.contextPath(key);
  if (is === undefined)
    return path !== undefined && now.excludes(path) ? { sentence: 'is left out by .dockerignore now' } : {};
  if (was === undefined)
    return path !== undefined && before.excludes(path)
      ? { sentence: 'is no longer left out by .dockerignore' }
      : {};
  if (is.split(' ')[2] === was.split(' ')[2]) return {};
  const [content, old] = [now.content(key), contentBefore(key, was, { before, snapshots })];
  const lines = content === undefined || old === undefined ? undefined : linesChanged(old, content);
  return lines === undefined ? {} : { lines };
}

/** The file as the layer of the step before has it: only one of the very same bytes will do. */
function contentBefore(
  key: string,
  fingerprint: string,
  { before, snapshots }: { before: Before; snapshots: Pick<Snapshots, 'hasLayer' | 'layer'> },
): Buffer | undefined {
  const chainId = before.record?.layer?.chainId;
  const digest = fingerprint.split(' ')[2];
  const destination = before.preimage.more?.['destination'];
  if (chainId === undefined || digest === undefined || destination === undefined) return undefined;
  if (!snapshots.hasLayer(chainId)) return undefined;
  const { dir } = snapshots.layer(chainId);
  const name = key.slice(key.indexOf(':') + 1).replace(/^\//, '');
  for (const path of [join(dir, destination, name), join(dir, destination)]) {
    const stats = lookAt(path);
    if (stats?.isFile() !== true || stats.size > mostExplainedBytes) continue;
    const content = readFileSync(path);
    if (hash('sha256', content) === digest) return content;
  }
  return undefined;
}
