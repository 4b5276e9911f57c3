// wharf volume browse
import { defineCommand } from '#cli/grammar/command.ts';
import { text } from '#cli/grammar/flags.ts';
import { printRows } from '#cli/terminal/table.ts';
import { writeSlowly } from '#cli/terminal/write.ts';
import type { VolumeFile } from '#shared/contract/volume.ts';

const heads = { Mode: 'MODE', Owner: 'OWNER', Size: 'SIZE', ModTime: 'MODIFIED', Name: 'NAME' };
const letters = { file: '-', directory: 'd', symlink: 'l', fifo: 'p', socket: 's', device: 'c' } as const;

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

/** As `ls -l` writes it, such as `drwxr-xr-t`. */
function modeText({ Type, Mode }: VolumeFile): string {
  const special = [0o4000, 0o2000, 0o1000].map((bit) => (Mode & bit) !== 0);
  const triples = [6, 3, 0].map((shift, index) => {
    const bits = (Mode >> shift) & 7;
    const runs = (bits & 1) !== 0;
    const last = special[index] ? (index === 2 ? 't' : 's') : 'x';
    const end = special[index] ? (runs ? last : last.toUpperCase()) : runs ? 'x' : '-';
    return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${end}`;
  });
  return letters[Type] + triples.join('');
}
