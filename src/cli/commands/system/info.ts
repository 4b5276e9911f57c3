// wharf info

import { currentContext } from '#cli/endpoint.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { text } from '#cli/grammar/flags.ts';
import { printJsonOr } from '#cli/terminal/inspected.ts';
import type { InfoAnswer } from '#client/system.ts';
import { programVersion } from '#daemon/version.ts';
import { formatBytesBinary } from '#shared/notation/size.ts';

interface ClientInfo {
  Debug: boolean;
  Version: string;
  Context: string;
  Plugins: [];
  Warnings: null;
}

export const command = defineCommand({
  usage: '[flags]',
  flags: { format: text('json or a template', 'FORMAT', { short: 'f' }) },
  args: [0, 0],
  examples: ['wharf info', "wharf info -f '{{.Driver}}'"],
  async run({ cli, flags }) {
    const { system } = await cli.client();
    const info = await system.info();
    const { context } = await cli.endpoint();
    const client: ClientInfo = {
      Debug: false,
      Version: programVersion(),
      Context: context ?? currentContext(cli.env, 'default'),
      Plugins: [],
      Warnings: null,
    };
    printJsonOr(cli, { ...info, ClientInfo: client }, flags.format, () =>
      [...clientLines(client), '', ...serverLines(info)].join('\n'),
    );
    if (flags.format === undefined) for (const warning of info.Warnings ?? []) cli.warn(warning);
  },
});

function clientLines({ Version, Context, Debug }: ClientInfo): string[] {
  return ['Client:', ` Version:    ${Version}`, ` Context:    ${Context}`, ` Debug Mode: ${Debug}`];
}

/** The lines that Docker's own prints, in its order, as far as the engine tells. */
function serverLines(info: InfoAnswer): string[] {
  const lines = ['Server:'];
  const row = (name: string, value: unknown, depth = 1) => {
    if (value !== undefined && value !== '' && value !== null)
      lines.push(`${' '.repeat(depth)}${name}: ${value}`);
  };
  const list = (name: string, values: readonly string[] | null | undefined) => {
    if (values?.length) lines.push(` ${name}:`, ...values.map((value) => `  ${value}`));
  };
  row('Containers', info.Containers);
  row('Running', info.ContainersRunning, 2);
  row('Paused', info.ContainersPaused, 2);
  row('Stopped', info.ContainersStopped, 2);
  row('Images', info.Images);
  row('Server Version', info.ServerVersion);
  row('Storage Driver', info.Driver);
  for (const [name, value] of info.DriverStatus ?? []) row(name, value, 2);
  row('Logging Driver', info.LoggingDriver);
  row('Cgroup Driver', info.CgroupDriver);
  row('Cgroup Version', info.CgroupVersion);
  lines.push(' Plugins:');
  for (const kind of ['Volume', 'Network', 'Authorization', 'Log'])
    if (info.Plugins?.[kind]?.length) row(kind, info.Plugins[kind].join(' '), 2);
  row('Swarm', info.Swarm?.LocalNodeState);
  row('Runtimes', Object.keys(info.Runtimes ?? {}).join(' '));
  row('Default Runtime', info.DefaultRuntime);
  list(
    'Security Options',
    info.SecurityOptions?.map((option) =>
      option
        .replace(/^name=/, '')
        .replace(/,profile=/, '\n   Profile: ')
        .replaceAll(',', '\n   '),
    ),
  );
  row('Kernel Version', info.KernelVersion);
  row('Operating System', info.OperatingSystem);
  row('OSType', info.OSType);
  row('Architecture', info.Architecture);
  row('CPUs', info.NCPU);
  row('Total Memory', info.MemTotal === undefined ? undefined : formatBytesBinary(info.MemTotal));
  row('Name', info.Name);
  row('ID', info.ID);
  row('Docker Root Dir', info.DockerRootDir);
  row('Debug Mode', info.Debug);
  row('HTTP Proxy', info.HttpProxy);
  row('HTTPS Proxy', info.HttpsProxy);
  row('No Proxy', info.NoProxy);
  list('Labels', info.Labels);
  row('Experimental', info.ExperimentalBuild);
  list('Insecure Registries', info.RegistryConfig?.InsecureRegistryCIDRs);
  list('Registry Mirrors', info.RegistryConfig?.Mirrors);
  row('Live Restore Enabled', info.LiveRestoreEnabled);
  return lines;
}
