// wharf volume browse
import { defineCommand } from '#cli/grammar/command.ts';
import { text } from '#cli/grammar/flags.ts';
import { modeText } from '#cli/terminal/mode.ts';
import { printRows } from '#cli/terminal/table.ts';
import { writeSlowly } from '#cli/terminal/write.ts';

const heads = { Mode: 'MODE', Owner: 'OWNER', Size: 'SIZE', ModTime: 'MODIFIED', Name: 'NAME' };

export const command = defineCommand({
  usage: '[flags] VOLUME [PATH]',
  flags: { format: text('json, a template, or "table TEMPLATE"', 'FORMAT') },
  args: [1, 2],
  examples: ['wharf volume browse data', 'wharf volume browse data /mysql/my.cnf'],
  async run({ cli, flags, args: [name = '', path = '/'] }) {
    const { volumes } = await cli.client();
    const found = await volumes.files(name, path);
    if (found.Type === 'file') {
      for await (const chunk of await volumes.content(name, path)) await writeSlowly(cli.stdout, chunk);
      return;
    }
    const files = found.Type === 'directory' ? found.Entries : [found];
    const rows = files.map((file) => ({
      ...file,
      Mode: modeText(file),
      Owner: `${file.Uid}:${file.Gid}`,
      ModTime: file.ModTime.slice(0, 19).replace('T', ' '),
      Name: file.LinkTarget === undefined ? file.Name : `${file.Name} -> ${file.LinkTarget}`,
    }));
    printRows(cli, rows, {
      heads,
      columns: ['Mode', 'Owner', 'Size', 'ModTime', 'Name'],
      format: flags.format,
    });
  },
});
