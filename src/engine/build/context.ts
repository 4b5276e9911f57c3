// The build context: a folder or a tar stream, its Dockerfile, and what .dockerignore leaves of it.
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { invalid } from '#shared/errors.ts';
import { type ContextFile, extractContext } from '#storage/archive/archive.ts';
import type { BuildSession } from './session.ts';
import { parseIgnore } from './tree/ignore.ts';
import { lookAt, resolveInRoot } from './tree/in-root.ts';
import type { SourceTree } from './tree/source-tree.ts';

export interface Context {
  tree: SourceTree;
  dockerfile: string;
  /** Name of the Dockerfile for messages. */
  file: string;
}

function textAt(root: string, path: string): string | undefined {
  const real = resolveInRoot(root, path);
  return lookAt(real)?.isFile() ? readFileSync(real, 'utf8') : undefined;
}

async function folderOf(session: BuildSession): Promise<{ root: string; files?: Map<string, ContextFile> }> {
  const { signal } = session;
  const { context } = session.request;
  if (!(context instanceof Readable)) return { root: resolve(context.dir) };
  const root = join(session.folder(), 'context');
  mkdirSync(root);
  return { root, ...(await extractContext({ stream: context, target: root, signal })) };
}

/** Reads the context. No Dockerfile in it: `invalid` with Docker's sentence. */
export async function openContext(session: BuildSession): Promise<Context> {
  const { request } = session;
  const { root, files } = await folderOf(session);
  const file = request.dockerfile || 'Dockerfile';
  const dockerfile = request.dockerfileText ?? textAt(root, file);
  if (dockerfile === undefined) {
    throw invalid(`Cannot locate specified Dockerfile: ${file}`, {
      hint: 'Name it with -f, or build from the folder it is in.',
    });
  }
  const own = textAt(root, `${file}.dockerignore`);
  const rules = parseIgnore(own ?? textAt(root, '.dockerignore') ?? '');
  const tree: SourceTree = { root, ...rules };
  if (files !== undefined) {
    tree.knownDigest = (path) => files.get(path)?.digest?.replace('sha256:', '');
  }
  return { tree, dockerfile, file };
}
