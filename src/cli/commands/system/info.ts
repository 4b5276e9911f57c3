// wharf info

import { defineCommand } from '#cli/grammar/command.ts';
import { text } from '#cli/grammar/flags.ts';
import type { InfoAnswer } from '#client/system.ts';
import { formatBytesBinary } from '#shared/notation/size.ts';
import { compileTemplate } from '#shared/notation/template.ts';

export const command = defineCommand({
  usage: '[flags]',
  flags: { format: text('json or a template', 'FORMAT', { short: 'f' }) },
  args: [0, 0],
  examples: ['wharf info', "wharf info -f '{{.Driver}}'"],
  async run({ cli, flags }) {
    const { system } = await cli.client();
    const info = await system.info();
    if (flags.format === 'json') cli.print(JSON.stringify(info));
    else if (flags.format !== undefined) cli.print(compileTemplate(flags.format, { strict: true })(info));
    else cli.print(infoText(info));
    if (flags.format === undefined) for (const warning of info.Warnings ?? []) cli.warn(warning);
  },
});

function infoText(info: InfoAnswer): string {
  const lines = [
    'Server:',
    ` Containers: ${info.Containers}`,
    `  Running: ${info.ContainersRunning}`,
    `  Paused: ${info.ContainersPaused}`,
    `  Stopped: ${info.ContainersStopped}`,
    ` Images: ${info.Images}`,
  ];
  const row = (name: string, value: unknown) => {
    if (value !== undefined && value !== '' && value !== null) lines.push(` ${name}: ${value}`);
  };
  row('Server Version', info.ServerVersion);
  row('Storage Driver', info.Driver);
  for (const [name, value] of info.DriverStatus ?? []) lines.push(`  ${name}: ${value}`);
  row('Logging Driver', info.LoggingDriver);
  row('Cgroup Driver', info.CgroupDriver);
  row('Cgroup Version', info.CgroupVersion);
  for (const [kind, names] of Object.entries(info.Plugins ?? {}))
    if (names?.length) row(`${kind} plugins`, names.join(' '));
  row('Runtimes', Object.keys(info.Runtimes ?? {}).join(' '));
  row('Default Runtime', info.DefaultRuntime);
  if (info.SecurityOptions?.length)
    lines.push(
      ' Security Options:',
      ...info.SecurityOptions.map((option) => `  ${option.replace(/^name=/, '').replaceAll(',', '\n   ')}`),
    );
  row('Kernel Version', info.KernelVersion);
  row('Operating System', info.OperatingSystem);
  row('OSType', info.OSType);
  row('Architecture', info.Architecture);
  row('CPUs', info.NCPU);
  row('Total Memory', info.MemTotal === undefined ? undefined : formatBytesBinary(info.MemTotal));
  row('Name', info.Name);
  row('ID', info.ID);
  row('Root Dir', info.DockerRootDir);
  const { Mirrors, InsecureRegistryCIDRs } = info.RegistryConfig ?? {};
  if (Mirrors?.length) lines.push(' Registry Mirrors:', ...Mirrors.map((mirror) => `  ${mirror}`));
  if (InsecureRegistryCIDRs?.length)
    lines.push(' Insecure Registries:', ...InsecureRegistryCIDRs.map((each) => `  ${each}`));
  return lines.join('\n');
}
