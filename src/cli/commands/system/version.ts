// wharf version
import { arch } from 'node:process';
import type { Cli } from '#cli/context.ts';
import { printError } from '#cli/failure.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import type { VersionAnswer } from '#client/system.ts';
import { programVersion } from '#daemon/version.ts';
import { compileTemplate } from '#shared/notation/template.ts';
import { platformOf } from '#shared/oci/platform.ts';

export const command = defineCommand({
  usage: '[flags]',
  flags: {
    client: toggle('Only this program, without asking the engine'),
    format: text('json or a template', 'FORMAT', { short: 'f' }),
  },
  args: [0, 0],
  examples: ['wharf version', "wharf version -f '{{.Server.Version}}'"],
  async run({ cli, flags }) {
    const client: Record<string, string> = {
      Version: programVersion(),
      ApiVersion: '1.51',
      NodeVersion: process.version,
      Os: 'linux',
      Arch: platformOf(arch).architecture,
    };
    if (flags.client && flags.format === undefined) {
      cli.print(clientText(client));
      return;
    }
    const { server, failure } = flags.client ? {} : await askServer(cli, client);
    const shown = { Client: client, ...(server === undefined ? {} : { Server: server }) };
    if (flags.format === 'json') cli.print(JSON.stringify({ Server: null, ...shown }));
    else if (flags.format !== undefined) cli.print(compileTemplate(flags.format)(shown));
    else {
      cli.print(clientText(client));
      if (server !== undefined) cli.print(`\n${serverText(server)}`);
    }
    if (failure === undefined) return 0;
    printError(failure);
    return 1;
  },
});

async function askServer(
  cli: Cli,
  client: Record<string, string>,
): Promise<{ server?: VersionAnswer; failure?: unknown }> {
  try {
    const { system } = await cli.client();
    const server = await system.version();
    client['ApiVersion'] = (await system.apiVersion()) || '1.51';
    return { server };
  } catch (failure) {
    return { failure };
  }
}

function clientText(client: Record<string, string>): string {
  return section('Client: Wharf', [
    ['Version', client['Version']],
    ['API version', client['ApiVersion']],
    ['Node version', client['NodeVersion']],
    ['OS/Arch', `${client['Os']}/${client['Arch']}`],
  ]);
}

function serverText(server: VersionAnswer): string {
  const min = server.MinAPIVersion ? ` (minimum version ${server.MinAPIVersion})` : '';
  const parts = [
    section(`Server: ${server.Platform?.Name || 'Engine'}`, [
      ['Version', server.Version],
      ['API version', `${server.ApiVersion}${min}`],
      ['OS/Arch', `${server.Os}/${server.Arch}`],
      ['Kernel version', server.KernelVersion],
    ]),
  ];
  for (const { Name, Version } of (server.Components ?? []).slice(1))
    parts.push(section(` ${Name}:`, [['Version', Version]]));
  return parts.join('\n');
}

function section(title: string, rows: [string, string | undefined][]): string {
  return [
    title,
    ...rows.flatMap(([name, value]) => (value ? [` ${`${name}:`.padEnd(18)}${value}`] : [])),
  ].join('\n');
}
