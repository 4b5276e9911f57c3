// Where `cp` reads and writes: paths of containers and of this machine, and how Docker names what lands there.
import { statSync } from 'node:fs';
import { basename, dirname, posix, resolve } from 'node:path';
import type { Cli } from '#cli/context.ts';
import type { PathStat } from '#client/containers.ts';
import { invalid, isKind, notFound } from '#shared/errors.ts';

export interface Place {
  container: string;
  path: string;
}

/** `container:path`; a text that begins with a dot or a slash is a local path whatever it holds. */
export function placeOf(text: string): Place | undefined {
  const colon = text.indexOf(':');
  if (colon <= 0 || /^[./]/.test(text)) return undefined;
  const path = text.slice(colon + 1);
  return { container: text.slice(0, colon), path: path.startsWith('/') ? path : `/${path}` };
}

const directoryBit = 2 ** 31;
const linkBit = 2 ** 27;
export const isDirectory = (stat: PathStat) => Math.floor(stat.mode / directoryBit) % 2 === 1;
export const isLink = (stat: PathStat) => Math.floor(stat.mode / linkBit) % 2 === 1;
export const wantsContents = (path: string) => path === '.' || path.endsWith('/.');

/** Where a copy lands: the directory that must be there, and the name below it (`.` puts the contents into it). */
export function localTarget(
  target: string,
  source: { isDirectory: boolean; contents: boolean; base: string },
): { root: string; name: string } {
  const there = statSync(target, { throwIfNoEntry: false });
  if (there?.isDirectory())
    return { root: target, name: source.isDirectory && source.contents ? '.' : source.base };
  if (there !== undefined && source.isDirectory) throw invalid(`cannot copy directory: ${target} is a file`);
  if (there === undefined && !source.isDirectory && target.endsWith('/'))
    throw notFound(`no such directory: ${target}`);
  const root = dirname(resolve(target));
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory())
    throw notFound(`invalid output path: directory "${root}" does not exist`);
  return { root, name: basename(resolve(target)) };
}

/** The directory in the container that must be there, and the name below it (none puts the contents into it). */
export async function remoteTarget(
  cli: Cli,
  to: Place,
  source: { isDirectory: boolean; contents: boolean; base: string },
): Promise<{ directory: string; name: string }> {
  const { containers } = await cli.client();
  let path = to.path;
  let stat = await statOrNone(cli, to.container, path);
  if (stat !== undefined && isLink(stat)) {
    path = posix.resolve(posix.dirname(path), stat.linkTarget);
    stat = await containers.statPath(to.container, path);
  }
  if (stat !== undefined && isDirectory(stat))
    return { directory: path, name: source.isDirectory && source.contents ? '' : source.base };
  if (stat !== undefined && source.isDirectory)
    throw invalid(`cannot copy directory: ${to.container}:${to.path} is a file`);
  if (stat === undefined && !source.isDirectory && to.path.endsWith('/'))
    throw notFound(`no such directory: ${to.container}:${to.path}`);
  return { directory: posix.dirname(posix.resolve(path)), name: posix.basename(path) };
}

async function statOrNone(cli: Cli, container: string, path: string): Promise<PathStat | undefined> {
  const { containers } = await cli.client();
  try {
    return await containers.statPath(container, path);
  } catch (thrown) {
    if (!isKind(thrown, 'not-found')) throw thrown;
    // The answer to a HEAD has no text: this one has, where it is the container that is missing.
    await containers.inspect(container);
    return undefined;
  }
}

/** The path that a link in a container points at, or the path itself. */
export async function followed(cli: Cli, { container, path }: Place): Promise<string> {
  const { containers } = await cli.client();
  const stat = await containers.statPath(container, path);
  return isLink(stat) ? posix.resolve(posix.dirname(path), stat.linkTarget) : path;
}
