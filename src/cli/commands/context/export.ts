// wharf context export

import { existsSync } from 'node:fs';
import { metaText, readContext, tlsNames } from '#cli/files/context-store.ts';
import { packFiles } from '#cli/files/pack.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { writeTar } from '#cli/terminal/tar-file.ts';
import { conflict } from '#shared/errors.ts';

export const command = defineCommand({
  usage: 'CONTEXT [FILE|-]',
  flags: {},
  args: [1, 2],
  examples: [
    'wharf context export server',
    'wharf context export server - | ssh me@other wharf context import server -',
  ],
  async run({ cli, args: [name = '', file = `${name}.dockercontext`] }) {
    const context = readContext(cli.env, name);
    if (file !== '-' && existsSync(file)) throw conflict(`open ${file}: file exists`);
    const keys = tlsNames.flatMap((each) => {
      const text = context.tls[each];
      return text === undefined ? [] : [{ name: `tls/docker/${each}.pem`, content: Buffer.from(text) }];
    });
    const extra = [{ name: 'meta.json', content: Buffer.from(metaText(context)) }, ...keys];
    await writeTar(cli, { file, open: async () => packFiles([], { owners: false, extra }) });
    if (file !== '-') cli.warn(`Written file "${file}"`);
  },
});
