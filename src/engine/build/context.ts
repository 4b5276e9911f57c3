// Build contexts: a folder or a tar stream, its Dockerfile, and what .dockerignore leaves of it.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { invalid } from '#shared/errors.ts';
import type { ContextSource } from './request.ts';
import type { BuildSession } from './session.ts';
import { spoolContext } from './spool/spool.ts';
import { parseIgnore } from './tree/ignore.ts';
import { sliceHead } from './tree/slice.ts';
import { filesIn, type SourceTree } from './tree/source-tree.ts';
import { resolveIn } from './tree/tree-files.ts';

export interface Context {
  tree: SourceTree;
  dockerfile: string;
  /** Name of the Dockerfile for messages. */
  file: string;
}

const noRules = { excludes: () => false, prunes: true };

/** The text of a small file of the tree, links followed; undefined where there is none. */
export function textIn(tree: SourceTree, path: string): string | undefined {
  const files = filesIn(tree);
  const real = resolveIn(files, path);
  if (!files.look(real)?.isFile()) return undefined;
  const content = files.content(real);
  return (typeof content === 'string' ? readFileSync(content) : sliceHead(content, content.size)).toString(
    'utf8',
  );
}

/** All of a context, with no rules yet. A stream is read to its end. */
export async function openTree(session: BuildSession, source: ContextSource): Promise<SourceTree> {
  if (!(source instanceof Readable)) return { root: resolve(source.dir), ...noRules };
  const path = join(session.folder(), session.newName('context'));
  const spool = await spoolContext(source, path, session.signal);
  session.atEnd(() => spool[Symbol.dispose]());
  return { root: '/', files: spool.files, knownDigest: spool.digest, ...noRules };
}

/** Reads the context. No Dockerfile in it: `invalid` with Docker's sentence. */
export async function openContext(session: BuildSession): Promise<Context> {
  const { request } = session;
  const tree = await openTree(session, request.context);
  const file = request.dockerfile || 'Dockerfile';
  const dockerfile = request.dockerfileText ?? textIn(tree, file);
  if (dockerfile === undefined) {
    throw invalid(`Cannot locate specified Dockerfile: ${file}`, {
      hint: 'Name it with -f, or build from the folder it is in.',
    });
  }
  const rules = textIn(tree, `${file}.dockerignore`) ?? textIn(tree, '.dockerignore') ?? '';
  return { tree: { ...tree, ...parseIgnore(rules) }, dockerfile, file };
}
