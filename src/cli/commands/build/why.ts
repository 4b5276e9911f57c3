// wharf build why
import { defineCommand } from '#cli/grammar/command.ts';
import { toggle } from '#cli/grammar/flags.ts';

export const command = defineCommand({
  usage: '[flags] [BUILD]',
  flags: { json: toggle('Print everything as JSON, with times') },
  args: [0, 1],
  examples: ['wharf build why', 'wharf build why app:latest'],
  async run({ cli, flags, args: [build] }) {
    const { images } = await cli.client();
    const found = await images.buildWhy(build);
    if (flags.json) {
      cli.print(JSON.stringify(found, null, 2));
      return;
    }
    cli.print(`${found.build}, built ${found.started}`);
    for (const step of found.steps) {
      const why =
        step.cached && step.cause === undefined ? 'cached' : `ran: ${step.cause ?? 'no earlier build'}`;
      const text = step.text.replace(/\s+/g, ' ').slice(0, 60);
      cli.print(
        `  ${step.stage}:${step.line}  ${text}  ${step.position === 0 ? (step.cause ?? '') : why}`.trimEnd(),
      );
    }
  },
});
