// wharf image ls-files
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { modeText } from '#cli/terminal/mode.ts';
import { printRows } from '#cli/terminal/table.ts';

const heads = {
  Mode: 'MODE',
  Owner: 'OWNER',
  Size: 'SIZE',
  ModTime: 'MODIFIED',
  Layer: 'LAYER',
  Path: 'PATH',
};

export const command = defineCommand({
  usage: '[flags] IMAGE [PATH]',
  flags: {
    format: text('json, a template, or "table TEMPLATE"', 'FORMAT'),
    quiet: toggle('Only paths', 'q'),
  },
  args: [1, 2],
  examples: ['wharf image ls-files debian /etc/apt', 'wharf image ls-files -q app | grep secret'],
  async run({ cli, flags, args: [name = '', path = '/'] }) {
    const { images } = await cli.client();
    const files = await images.files(name, path);
    if (flags.quiet) {
      for (const { Path } of files) cli.print(Path);
      return;
    }
    const rows = files.map((file) => ({
      ...file,
      Mode: modeText(file),
      Owner: `${file.Uid}:${file.Gid}`,
      ModTime: file.ModTime.slice(0, 19).replace('T', ' '),
      Path: file.LinkTarget === undefined ? file.Path : `${file.Path} -> ${file.LinkTarget}`,
    }));
    const columns = ['Mode', 'Owner', 'Size', 'ModTime', 'Layer', 'Path'] as const;
    printRows(cli, rows, { heads, columns, format: flags.format });
  },
});
