// wharf build shell
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { invalid } from '#shared/errors.ts';
import { parseStepName, type StepName } from '#shared/notation/build-step.ts';

export const command = defineCommand({
  usage: '[flags] [BUILD]@STEP [COMMAND] [ARG...]',
  flags: {
    failed: toggle('The step that failed last, with its files as they were then'),
    network: text('Network of the shell', 'NETWORK'),
    user: text('User, where not that of the step', 'USER', { short: 'u' }),
  },
  args: [0, Number.POSITIVE_INFINITY],
  stopAtArgument: true,
  examples: [
    'wharf build shell @7',
    'wharf build shell app:latest@7 ls -l /app',
    'wharf build shell --failed',
    'wharf build shell app@failed cat /tmp/log',
  ],
  async run({ cli, flags, args }) {
    const { name, argv } = wanted(flags.failed, args);
    const client = await cli.client();
    const { Id, build, step } = await client.builds.image(name);
    const isTerminal = cli.stdin.isTTY === true && cli.stdout.isTTY === true;
    if (isTerminal) {
      const line = step.text.replace(/\s+/g, ' ').slice(0, 80);
      const when = step.failed ? 'failed' : 'after it';
      cli.warn(`${build}@${step.number}, ${when}: ${line}\nWhat you change here is gone when you leave.`);
    }
    const { command: run } = await import('#cli/commands/container/run.ts');
    const given = [
      ...(flags.user === undefined ? [] : ['--user', flags.user]),
      ...(flags.network === undefined ? [] : ['--network', flags.network]),
    ];
    const words = ['--rm', isTerminal ? '-it' : '-i', '--pull', 'never', ...given, Id, ...argv];
    try {
      return await run.execute(cli, 'wharf build shell', words);
    } finally {
      // Another shell may be in it; the last one takes it away.
      await client.images.remove(Id).catch(() => undefined);
    }
  },
});

function wanted(failed: boolean, args: readonly string[]): { name: StepName; argv: readonly string[] } {
  if (failed) return { name: { step: 'failed' }, argv: args };
  const [name, ...argv] = args;
  if (name === undefined)
    throw invalid('which step?', { hint: 'as in: wharf build shell @7, or wharf build shell --failed' });
  return { name: parseStepName(name), argv };
}
