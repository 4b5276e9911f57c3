// wharf system dial-stdio: joins stdin and stdout to the engine's socket, for callers at the other end of ssh.

import { defineCommand } from '#cli/grammar/command.ts';
import { writeSlowly } from '#cli/terminal/write.ts';
import { parseHost } from '#client/host.ts';
import { connectError } from '#client/transport.ts';

export const command = defineCommand({
  usage: '',
  flags: {},
  args: [0, 0],
  examples: ['ssh me@server wharf system dial-stdio'],
  async run({ cli }) {
    const { dialHost } = await import('#client/dial.ts');
    const { host, tls } = await cli.endpoint();
    const address = parseHost(host, tls);
    const socket = dialHost(address);
    // The engine sees the end of what we are sent, and may still answer.
    cli.stdin.pipe(socket);
    try {
      for await (const chunk of socket) await writeSlowly(cli.stdout, chunk);
    } catch (thrown) {
      throw connectError(thrown, address);
    }
  },
});
