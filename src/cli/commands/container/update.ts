// wharf update
import { createFlags } from '#cli/commands/container/create-flags.ts';
import { restartPolicyOf } from '#cli/commands/container/host-config.ts';
import { resourcesOf } from '#cli/commands/container/limits.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { forEachName } from '#cli/terminal/each.ts';
import { invalid } from '#shared/errors.ts';

export const command = defineCommand({
  usage: '[flags] CONTAINER [CONTAINER...]',
  flags: {
    'blkio-weight': createFlags['blkio-weight'],
    'cpu-period': createFlags['cpu-period'],
    'cpu-quota': createFlags['cpu-quota'],
    'cpu-rt-period': createFlags['cpu-rt-period'],
    'cpu-rt-runtime': createFlags['cpu-rt-runtime'],
    'cpu-shares': createFlags['cpu-shares'],
    cpus: createFlags.cpus,
    'cpuset-cpus': createFlags['cpuset-cpus'],
    'cpuset-mems': createFlags['cpuset-mems'],
    memory: createFlags.memory,
    'memory-reservation': createFlags['memory-reservation'],
    'memory-swap': createFlags['memory-swap'],
    'pids-limit': createFlags['pids-limit'],
    restart: createFlags.restart,
  },
  args: [1, Number.POSITIVE_INFINITY],
  examples: ['wharf update --memory 512m --cpus 1.5 web', 'wharf update --restart unless-stopped web'],
  async run({ cli, flags, given, args }) {
    if (given.size === 0)
      throw invalid('you must provide one or more flags when using this command', {
        hint: 'for example --memory 512m',
      });
    const request = resourcesOf(flags);
    if (flags.restart !== undefined) request.RestartPolicy = restartPolicyOf(flags.restart);
    const { containers } = await cli.client();
    return forEachName(cli, args, async (name) => {
      const { Warnings } = await containers.update(name, request);
      for (const warning of Warnings ?? []) cli.warn(`WARNING: ${warning}`);
    });
  },
});
