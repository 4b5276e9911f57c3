// `cp` from one container to another: the tar of one goes to the other with its names changed, never to a disk here.
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, pack } from 'tar-stream';
import {
  followed,
  isDirectory,
  type Place,
  remoteTarget,
  wantsContents,
} from '#cli/commands/inside/cp-places.ts';
import type { Cli } from '#cli/context.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';

interface Wishes {
  archive: boolean;
  'follow-link': boolean;
  quiet: boolean;
}

/** Copies with the same rules for names as between a container and this machine. */
export async function copyBetween(
  cli: Cli,
  { from, to }: { from: Place; to: Place },
  wishes: Wishes,
): Promise<void> {
  const { containers } = await cli.client();
  const path = wishes['follow-link'] ? await followed(cli, from) : from.path;
  const { stat, body } = await containers.getArchive(from.container, path);
  const { directory, name } = await remoteTarget(cli, to, {
    isDirectory: isDirectory(stat),
    contents: wantsContents(path),
    base: stat.name,
  });
  const count = { bytes: 0 };
  await containers.putArchive(to.container, directory, renamed(body, name, count), {
    noOverwriteDirNonDir: 'true',
    ...(wishes.archive ? { copyUIDGID: 'true' } : {}),
  });
  if (!wishes.quiet)
    cli.warn(`Successfully copied ${formatBytesDecimal(count.bytes)} to ${to.container}:${to.path}`);
}

/** The tar with another name for its first entry and all below it; an empty name leaves that entry out. */
function renamed(tar: Readable, name: string, count: { bytes: number }): Readable {
  const reader = extract();
  const writer = pack();
  const fail = (thrown: unknown) =>
    writer.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)));
  tar.once('error', (thrown) => reader.destroy(thrown));
  tar.pipe(reader);
  const move = async () => {
    let top: string | undefined;
    const placed = (entry: string) => {
      const clean = posix.normalize(`/${entry}`).slice(1).replace(/\/$/, '');
      top ??= clean.split('/')[0] ?? '';
      return posix.join(name, clean === top ? '' : clean.slice(top === '' ? 0 : top.length + 1));
    };
    for await (const entry of reader) {
      const { header } = entry;
      const target = placed(header.name);
      count.bytes += header.type === 'file' ? (header.size ?? 0) : 0;
      if (target === '.' || target === '') {
        entry.resume();
        continue;
      }
      const link = header.type === 'link' && header.linkname ? { linkname: placed(header.linkname) } : {};
      const { pax: _names, ...plain } = header;
      const out = writer.entry({ ...plain, ...link, name: target });
      await pipeline(Readable.from(entry), out as unknown as NodeJS.WritableStream);
    }
    writer.finalize();
  };
  move().catch(fail);
  // A stream of streamx is a Readable to all that we do with it.
  return writer as unknown as Readable;
}
