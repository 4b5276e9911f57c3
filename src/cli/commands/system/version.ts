// wharf version
import { arch } from 'node:process';
import type { Cli } from '#cli/context.ts';
import { currentContext } from '#cli/endpoint.ts';
import { printError } from '#cli/failure.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { printJsonOr } from '#cli/terminal/inspected.ts';
import type { VersionAnswer } from '#client/system.ts';
import { programVersion } from '#daemon/version.ts';
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
      ...runtime(),
      Os: 'linux',
      Arch: platformOf(arch).architecture,
      Context: currentContext(cli.env),
    };
    if (flags.client && flags.format === undefined) {
      cli.print(clientText(client));
      return;
    }
    const { server, failure } = flags.client ? {} : await askServer(cli, client);
    const shown = { Client: client, ...(server === undefined ? {} : { Server: server }) };
    if (flags.format === 'json') cli.print(JSON.stringify({ Server: null, ...shown }));
    else
      printJsonOr(cli, forTemplates(shown), flags.format, () =>
        [clientText(client), ...(server === undefined ? [] : ['', serverText(server)])].join('\n'),
      );
    if (failure === undefined) return 0;
    printError(failure);
    return 1;
  },
});

/** What runs this program: a release's single file is Bun's, which also tells of a Node that it is not. */
function runtime(): Record<string, string> {
  const bun = process.versions['bun'];
  return bun === undefined ? { NodeVersion: process.version } : { BunVersion: bun };
}

/** Templates written for Docker's own say `.Server.APIVersion`; its JSON says `ApiVersion`. */
function forTemplates(shown: { Client: Record<string, string>; Server?: VersionAnswer }): object {
  const both = <T extends { ApiVersion?: string }>(side: T) => ({ ...side, APIVersion: side.ApiVersion });
  return {
    Client: both(shown.Client),
    ...(shown.Server === undefined ? {} : { Server: both(shown.Server) }),
  };
}

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
    ['Bun version', client['BunVersion']],
    ['OS/Arch', `${client['Os']}/${client['Arch']}`],
    ['Context', client['Context']],
  ]);
}

/** Each part with what it tells of itself, as Docker's own prints it; the first is the engine. */
function serverText(server: VersionAnswer): string {
  const [engine, ...others] = server.Components ?? [];
  const min = server.MinAPIVersion ? ` (minimum version ${server.MinAPIVersion})` : '';
  const rows: [string, string | undefined][] = [
    ['Version', server.Version],
    ['API version', `${server.ApiVersion}${min}`],
    ['Go version', server.GoVersion],
    ['Git commit', server.GitCommit],
    ['Built', server.BuildTime],
    ['OS/Arch', `${server.Os}/${server.Arch}`],
    ['Kernel version', server.KernelVersion],
  ];
  return [
    `Server: ${server.Platform?.Name ?? ''}`.trimEnd(),
    section(` ${engine?.Name ?? 'Engine'}:`, rows, 2),
    ...others.map(({ Name, Version }) => section(` ${Name}:`, [['Version', Version]], 2)),
  ].join('\n');
}

function section(title: string, rows: [string, string | undefined][], depth = 1): string {
  return [
    title,
    ...rows.flatMap(([name, value]) =>
      value ? [`${' '.repeat(depth)}${`${name}:`.padEnd(20 - depth)}${value}`] : [],
    ),
  ].join('\n');
}
