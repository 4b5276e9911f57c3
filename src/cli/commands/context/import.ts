// wharf context import

import { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import {
  assertContextName,
  contextOf,
  listContexts,
  parseMeta,
  writeContext,
} from '#cli/files/context-store.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { readTar } from '#cli/terminal/tar-file.ts';
import { readAll } from '#client/wire.ts';
import { conflict, invalid, messageOf } from '#shared/errors.ts';

const mostBytes = 10 << 20;

export const command = defineCommand({
  usage: 'CONTEXT FILE|-',
  flags: {},
  args: [2, 2],
  examples: ['wharf context import server server.dockercontext'],
  async run({ cli, args: [name = '', file = ''] }) {
    assertContextName(name);
    if (listContexts(cli.env).some((each) => each.name === name))
      throw conflict(`context ${JSON.stringify(name)} already exists`);
    const files = await filesIn(readTar(cli, file));
    const meta = files.get('meta.json');
    if (meta === undefined) throw invalid(`${file}: it holds no meta.json, so it is no exported context`);
    const context = contextOf(parseMeta(meta, 'meta.json'), (each) => files.get(`tls/docker/${each}.pem`));
    writeContext(cli.env, { ...context, name });
    cli.print(name);
    cli.warn(`Successfully imported context "${name}"`);
  },
});

/** The texts of a small tar. Throws `invalid` for anything else. */
async function filesIn(tar: Readable): Promise<Map<string, string>> {
  const reader = extract();
  const files = new Map<string, string>();
  tar.once('error', (thrown) => reader.destroy(thrown));
  tar.pipe(reader);
  try {
    let bytes = 0;
    for await (const entry of reader) {
      bytes += entry.header.size ?? 0;
      if (bytes > mostBytes) throw new Error('it is too big');
      const content = await readAll(Readable.from(entry));
      if (entry.header.type === 'file') files.set(entry.header.name.replace(/^\.\//, ''), content.toString());
    }
  } catch (cause) {
    throw invalid(`cannot read the context: ${messageOf(cause)}`, { cause });
  }
  return files;
}
