// wharf cp
import { lstatSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, posix, resolve } from 'node:path';
import type { PathStat } from '#client/containers.ts';
import type { Cli } from '#cli/context.ts';
import { packFiles, type PackedFile, statOf, walkFiles } from '#cli/files/pack.ts';
import { unpackTar } from '#cli/files/unpack.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { toggle } from '#cli/grammar/flags.ts';
import { writeSlowly } from '#cli/terminal/write.ts';
import { invalid, isKind, notFound } from '#shared/errors.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';

interface Wishes {
  archive: boolean;
  'follow-link': boolean;
  quiet: boolean;
}

export const command = defineCommand({
  usage: '[flags] CONTAINER:PATH PATH|-   or   PATH|- CONTAINER:PATH',
  flags: {
    archive: toggle('Keep owner and group', 'a'),
    'follow-link': toggle('Copy what a link points at', 'L'),
    quiet: toggle('Do not say what was copied', 'q'),
  },
  args: [2, 2],
  examples: ['wharf cp web:/etc/nginx/nginx.conf .', 'wharf cp site/. web:/usr/share/nginx/html'],
  async run({ cli, flags, args: [source = '', target = ''] }) {
    const from = placeOf(source);
    const to = placeOf(target);
    if (from !== undefined && to !== undefined) throw invalid('copying between containers is not supported');
    if (from !== undefined) await copyOut(cli, from, { target, wishes: flags });
    else if (to !== undefined) await copyIn(cli, to, { source, wishes: flags });
    else {
      throw invalid('must specify at least one container source', {
        hint: 'a path in a container looks like web:/etc/hosts',
      });
    }
  },
});

interface Place {
  container: string;
  path: string;
}

/** `container:path`; a text that begins with a dot or a slash is a local path whatever it holds. */
function placeOf(text: string): Place | undefined {
  const colon = text.indexOf(':');
  if (colon <= 0 || /^[./]/.test(text)) return undefined;
  const path = text.slice(colon + 1);
  return { container: text.slice(0, colon), path: path.startsWith('/') ? path : `/${path}` };
}

const directoryBit = 2 ** 31;
const linkBit = 2 ** 27;
const isDirectory = (stat: PathStat) => Math.floor(stat.mode / directoryBit) % 2 === 1;
const isLink = (stat: PathStat) => Math.floor(stat.mode / linkBit) % 2 === 1;
const wantsContents = (path: string) => path === '.' || path.endsWith('/.');

async function copyOut(
  cli: Cli,
  from: Place,
  { target, wishes }: { target: string; wishes: Wishes },
): Promise<void> {
  const { containers } = await cli.client();
  let { path } = from;
  if (wishes['follow-link']) {
    const stat = await containers.statPath(from.container, path);
    if (isLink(stat)) path = posix.resolve(posix.dirname(path), stat.linkTarget);
  }
  const { stat, body } = await containers.getArchive(from.container, path);
  if (target === '-') {
    for await (const chunk of body) await writeSlowly(cli.stdout, chunk);
    return;
  }
  const { root, name } = localTarget(target, {
    isDirectory: isDirectory(stat),
    contents: wantsContents(path),
    base: stat.name,
  });
  let top: string | undefined;
  const bytes = await unpackTar(body, {
    root,
    owners: wishes.archive,
    place: (entry) => {
      // The tar begins with the thing itself, whatever the engine calls it.
      top ??= entry.split('/')[0] ?? '';
      const rest = entry === top ? '' : entry.slice(top === '' ? 0 : top.length + 1);
      return posix.join(name, rest);
    },
  });
  if (!wishes.quiet) cli.warn(`Successfully copied ${formatBytesDecimal(bytes)} to ${resolve(target)}`);
}

/** Where a copy lands: the directory that must be there, and the name below it (`.` puts the contents into it). */
function localTarget(
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

async function copyIn(
  cli: Cli,
  to: Place,
  { source, wishes }: { source: string; wishes: Wishes },
): Promise<void> {
  const { containers } = await cli.client();
  const query = { noOverwriteDirNonDir: 'true', ...(wishes.archive ? { copyUIDGID: 'true' } : {}) };
  if (source === '-') {
    await containers.putArchive(to.container, to.path, cli.stdin, query);
    return;
  }
  const local = wishes['follow-link'] ? realpathSync(source) : source;
  const stats = statOf(source.endsWith('/') ? `${local}/.` : local);
  if (stats === undefined) throw notFound(`lstat ${resolve(source)}: no such file or directory`);
  const { directory, name } = await remoteTarget(cli, to, {
    isDirectory: stats.isDirectory(),
    contents: wantsContents(source),
    base: basename(resolve(source)),
  });
  const files = [...filesUnder(resolve(local), name, stats.isDirectory())];
  await containers.putArchive(to.container, directory, packFiles(files, { owners: wishes.archive }), query);
  const bytes = files.reduce(
    (sum, { path }) => sum + (lstatSync(path).isFile() ? lstatSync(path).size : 0),
    0,
  );
  if (!wishes.quiet)
    cli.warn(`Successfully copied ${formatBytesDecimal(bytes)} to ${to.container}:${to.path}`);
}

async function remoteTarget(
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

function* filesUnder(path: string, name: string, directory: boolean): Generator<PackedFile> {
  if (name !== '') yield { name, path };
  if (!directory) return;
  for (const file of walkFiles(path)) yield { name: posix.join(name, file.name), path: file.path };
}
