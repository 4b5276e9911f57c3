// The build context: which files go to the engine, and where the Dockerfile is.
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { type ContextIndex, indexContext } from '#cli/files/context-index.ts';
import { sha256Of } from '#cli/files/sha256.ts';
import { everything, type Walk, walkFiles } from '#cli/files/walk.ts';
import { codeOf, invalid, notFound } from '#shared/errors.ts';
import { parseIgnore } from '#shared/notation/ignore.ts';

export interface ContextRequest {
  /** The directory. */
  path: string;
  /** `-f`: relative to here, absolute, or undefined. */
  file: string | undefined;
  /** The Dockerfile's text, where it was read from stdin. */
  text?: Buffer;
}

export interface Context {
  /** All of it. */
  tar(): Promise<Readable>;
  /** The context by content. `cacheDir`: where what is known of its files is kept. */
  index(cacheDir: string | undefined): Promise<ContextIndex>;
  /** Where the Dockerfile lies in the tar. */
  dockerfile: string;
}

/** The tar of a directory without what `.dockerignore` names. Throws `notFound` and `invalid` with Docker's sentences. */
export function openContext(request: ContextRequest): Context {
  const root = resolve(request.path);
  const stats = statSync(root, { throwIfNoEntry: false });
  if (stats === undefined)
    throw notFound(`unable to prepare context: path "${request.path}" not found`, {
      hint: 'the last argument of build is the directory with the files to build from',
    });
  if (!stats.isDirectory()) throw invalid(`unable to prepare context: context must be a directory: ${root}`);
  const dockerfile = dockerfileOf(root, request);
  const ignored =
    readOptional(join(root, `${dockerfile.name}.dockerignore`)) ?? readOptional(join(root, '.dockerignore'));
  const walk = walkOf(ignored, dockerfile.content === undefined ? dockerfile.name : undefined);
  const extra =
    dockerfile.content === undefined ? [] : [{ name: dockerfile.name, content: dockerfile.content }];
  return {
    async tar() {
      const { packFiles } = await import('#cli/files/pack.ts');
      return packFiles(walkFiles(root, walk), { owners: false, extra });
    },
    index: (cacheDir) => indexContext({ root, walk, extra, cacheDir }),
    dockerfile: dockerfile.name,
  };
}

/** A further context: all of a directory but what its own `.dockerignore` names. */
export function openFolder(dir: string): Pick<Context, 'index'> {
  const root = resolve(dir);
  const walk = walkOf(readOptional(join(root, '.dockerignore')), undefined);
  return { index: (cacheDir) => indexContext({ root, walk, extra: [], cacheDir }) };
}

/** A Dockerfile from outside the context goes along under a name that nobody else has. */
function dockerfileOf(root: string, request: ContextRequest): { name: string; content?: Buffer } {
  const strange = (content: Buffer) => ({
    name: `.dockerfile.${sha256Of(content).slice(0, 20)}`,
    content,
  });
  if (request.text !== undefined) return strange(request.text);
  if (request.file === undefined) {
    if (statSync(join(root, 'Dockerfile'), { throwIfNoEntry: false }) === undefined)
      throw missing(join(root, 'Dockerfile'));
    return { name: 'Dockerfile' };
  }
  const path = [resolve(request.file), join(root, request.file)].find(
    (each) => statSync(each, { throwIfNoEntry: false }) !== undefined,
  );
  if (path === undefined) throw missing(resolve(request.file));
  const inside = relative(realpathSync(root), realpathSync(path));
  const isInside = inside !== '' && !inside.startsWith(`..${sep}`) && inside !== '..' && !isAbsolute(inside);
  return isInside ? { name: inside.split(sep).join('/') } : strange(readFileSync(path));
}

function missing(path: string): Error {
  return notFound(
    `unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat ${path}: no such file or directory`,
    {
      hint: 'name the Dockerfile with -f FILE, or build from the directory that has it',
    },
  );
}

function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT' || codeOf(thrown) === 'ENOTDIR') return undefined;
    throw thrown;
  }
}

/** The Dockerfile and .dockerignore always go along: the engine reads them, and leaves them out of COPY itself. */
function walkOf(ignoreText: string | undefined, dockerfile: string | undefined): Walk {
  if (ignoreText === undefined) return everything;
  const { excludes, hasExceptions } = parseIgnore(ignoreText);
  const always = new Set(['.dockerignore', ...(dockerfile === undefined ? [] : [dockerfile])]);
  return {
    keeps: (path) => always.has(path) || !excludes(path),
    mayHoldKept: (path) => hasExceptions || (dockerfile?.startsWith(`${path}/`) ?? false),
  };
}
