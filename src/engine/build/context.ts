// Build contexts: a folder or a tar stream, its Dockerfile, and what .dockerignore leaves of it.
import { createReadStream, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { invalid } from '#shared/errors.ts';
import { fetchContext } from './remote-context.ts';
import type { ContextSource } from './request.ts';
import type { BuildSession } from './session.ts';
import { spoolContext } from './spool/spool.ts';
import { parseIgnore } from './tree/ignore.ts';
import { inlineTree } from './tree/inline-tree.ts';
import { sliceHead } from './tree/slice.ts';
import { filesIn, type SourceTree } from './tree/source-tree.ts';
import { resolveIn } from './tree/tree-files.ts';

export interface Context {
  tree: SourceTree;
  dockerfile: string;
  /** Name of the Dockerfile for messages. */
  file: string;
}

// Longer ones are not kept for the sake of a sentence.
const longestKeptRules = 16_384;

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

/** All of a context, with no rules yet. A stream is read to its end, what is elsewhere is fetched. */
export async function openTree(session: BuildSession, source: ContextSource): Promise<SourceTree> {
  if (!(source instanceof Readable)) {
    if ('stored' in source) return openStored(session, source.stored);
    if ('dir' in source) return { root: resolve(source.dir), ...noRules };
    const fetched = await fetchContext(session, source.remote);
    if (fetched.kind === 'tree') return fetched.tree;
    if (fetched.kind === 'archive') return await openTree(session, createReadStream(fetched.path));
    return inlineTree(session.folder(), { name: 'Dockerfile', content: fetched.text });
  }
  const path = join(session.folder(), session.newName('context'));
  const spool = await spoolContext(source, path, session.signal);
  session.atEnd(() => spool[Symbol.dispose]());
  return { root: '/', files: spool.files, knownDigest: spool.digest, ...noRules };
}

function openStored(session: BuildSession, id: string): SourceTree {
  const opened = session.room.contexts.open(id);
  session.atEnd(() => opened[Symbol.dispose]());
  return { ...opened.tree, ...noRules };
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
  session.tracing.ignore = rules.slice(0, longestKeptRules);
  return { tree: { ...tree, rules, ...parseIgnore(rules) }, dockerfile, file };
}
