// Writing a tar that the engine sends, and reading one for it.
import { createReadStream, createWriteStream, renameSync, rmSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Cli } from '#cli/context.ts';
import { writeSlowly } from '#cli/terminal/write.ts';
import { codeOf, invalid, messageOf } from '#shared/errors.ts';

/** To the file, or to stdout where none is named. A file is only there once it is whole. */
export async function writeTar(
  cli: Cli,
  target: { file: string | undefined; open: () => Promise<Readable> },
): Promise<void> {
  const { file } = target;
  if (file === undefined || file === '-') {
    if (cli.stdout.isTTY)
      throw invalid('cowardly refusing to save to a terminal. Use the -o flag or redirect');
    for await (const chunk of await target.open()) await writeSlowly(cli.stdout, chunk);
    return;
  }
  const body = await target.open();
  const partial = `${file}.${process.pid}.part`;
  try {
    await pipeline(body, createWriteStream(partial));
    renameSync(partial, file);
  } catch (thrown) {
    rmSync(partial, { force: true });
    throw codeOf(thrown) === undefined
      ? thrown
      : invalid(`failed to write ${file}: ${messageOf(thrown)}`, { cause: thrown });
  }
}

/** The bytes of the file, or of stdin. Throws `invalid` where there is nothing to read. */
export function readTar(cli: Cli, file: string | undefined): Readable {
  if (file === undefined || file === '-') {
    if (cli.stdin.isTTY)
      throw invalid('requested load from stdin, but stdin is empty', { hint: 'use -i FILE, or redirect' });
    return cli.stdin;
  }
  try {
    if (statSync(file).isDirectory()) throw invalid(`open ${file}: is a directory`);
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') throw invalid(`open ${file}: no such file or directory`);
    throw thrown;
  }
  return createReadStream(file, { highWaterMark: 1 << 20 });
}
