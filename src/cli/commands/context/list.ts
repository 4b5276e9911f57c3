// wharf context ls

import { currentContext } from '#cli/endpoint.ts';
import { listContexts } from '#cli/files/context-store.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { ellipsis, printRows } from '#cli/terminal/table.ts';
import { defaultHost } from '#client/host.ts';

const heads = {
  Name: 'NAME',
  Description: 'DESCRIPTION',
  DockerEndpoint: 'DOCKER ENDPOINT',
  Current: 'CURRENT',
  Error: 'ERROR',
};

export const command = defineCommand({
  usage: '[flags]',
  flags: {
    format: text('json, a template, or "table TEMPLATE"', 'FORMAT'),
    quiet: toggle('Show names only', 'q'),
  },
  args: [0, 0],
  examples: ['wharf context ls'],
  async run({ cli, flags }) {
    const { env } = cli;
    const named = env['WHARF_HOST'] || env['DOCKER_HOST'];
    const current = named ? 'default' : currentContext(env);
    const usual = {
      name: 'default',
      description: 'The engine of this machine, or of WHARF_HOST and DOCKER_HOST',
      host: named || defaultHost,
    };
    const rows = [usual, ...listContexts(env)].map(({ name, description, host }) => ({
      Current: name === current,
      Description: ellipsis(description, 60),
      DockerEndpoint: host,
      Error: '',
      Name: name,
    }));
    if (!rows.some(({ Current }) => Current)) {
      const lost = { Description: '', DockerEndpoint: '', Error: 'context not found' };
      rows.push({ ...lost, Current: true, Name: current });
    }
    if (flags.quiet && flags.format === undefined) for (const { Name } of rows) cli.print(Name);
    else if (flags.format !== undefined && flags.format !== 'table')
      printRows(cli, rows, { heads, columns: [], format: flags.format });
    else {
      const marked = rows.map((row) => ({ ...row, Name: row.Current ? `${row.Name} *` : row.Name }));
      printRows(cli, marked, { heads, columns: ['Name', 'Description', 'DockerEndpoint', 'Error'] });
      if (named)
        cli.warn(
          `Warning: ${env['WHARF_HOST'] ? 'WHARF_HOST' : 'DOCKER_HOST'} overrides the context that was chosen.`,
        );
    }
  },
});
