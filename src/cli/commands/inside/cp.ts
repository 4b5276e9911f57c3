// wharf cp
import { lstatSync, realpathSync } from 'node:fs';
import { basename, posix, resolve } from 'node:path';
import {
  followed,
  isDirectory,
  localTarget,
  type Place,
  placeOf,
  remoteTarget,
  wantsContents,
} from '#cli/commands/inside/cp-places.ts';
import type { Cli } from '#cli/context.ts';
import { packFiles } from '#cli/files/pack.ts';
import { unpackTar } from '#cli/files/unpack.ts';
import { type PackedFile, statOf, walkFiles } from '#cli/files/walk.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { toggle } from '#cli/grammar/flags.ts';
import { writeSlowly } from '#cli/terminal/write.ts';
import { invalid, notFound } from '#shared/errors.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';

interface Wishes {
  archive: boolean;
  'follow-link': boolean;
  quiet: boolean;
}

export const command = defineCommand({
  usage: '[flags] CONTAINER:PATH|PATH|- CONTAINER:PATH|PATH|-',
  flags: {
    archive: toggle('Keep owner and group', 'a'),
    'follow-link': toggle('Copy what a link points at', 'L'),
    quiet: toggle('Do not say what was copied', 'q'),
  },
  args: [2, 2],
  examples: [
    'wharf cp web:/etc/nginx/nginx.conf .',
    'wharf cp site/. web:/usr/share/nginx/html',
    'wharf cp web:/etc/nginx other:/etc',
    'wharf cp web:/var/log - | tar t',
  ],
  async run({ cli, flags, args: [source = '', target = ''] }) {
    const from = placeOf(source);
    const to = placeOf(target);
    if (from !== undefined && to !== undefined) {
      const { copyBetween } = await import('#cli/commands/inside/cp-between.ts');
      await copyBetween(cli, { from, to }, flags);
    } else if (from !== undefined) await copyOut(cli, from, { target, wishes: flags });
    else if (to !== undefined) await copyIn(cli, to, { source, wishes: flags });
    else {
      throw invalid('must specify at least one container source', {
        hint: 'a path in a container looks like web:/etc/hosts',
      });
    }
  },
});

async function copyOut(
  cli: Cli,
  from: Place,
  { target, wishes }: { target: string; wishes: Wishes },
): Promise<void> {
  const { containers } = await cli.client();
  const path = wishes['follow-link'] ? await followed(cli, from) : from.path;
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

function* filesUnder(path: string, name: string, directory: boolean): Generator<PackedFile> {
  if (name !== '') yield { name, path };
  if (!directory) return;
  for (const file of walkFiles(path)) yield { name: posix.join(name, file.name), path: file.path };
}
