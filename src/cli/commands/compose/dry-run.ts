// `--dry-run`: commands show what they would do, and reach an engine that only answers questions.
import type { Cli } from '#cli/context.ts';
import type { Client } from '#client/client.ts';
import type { Transport, WireRequest } from '#client/transport.ts';
import { internal } from '#shared/errors.ts';

/** As Docker Compose begins such lines. */
export const dryPrefix = ' DRY-RUN MODE - ';

/** The same command line, but what is told of steps begins with the prefix, and nothing can be written. */
export function dryCli(cli: Cli): Cli {
  let client: Promise<Client> | undefined;
  const connect = async (): Promise<Client> => {
    const { clientOver } = await import('#client/client.ts');
    const { parseHost } = await import('#client/host.ts');
    const { openTransport } = await import('#client/transport.ts');
    const { host, tls } = await cli.endpoint();
    return clientOver(readOnly(openTransport(parseHost(host, tls))), cli.config().HttpHeaders);
  };
  const changed: Pick<Cli, 'client' | 'warn'> = {
    client() {
      client ??= connect();
      return client;
    },
    warn: (line) => cli.warn(line.startsWith(' ') ? `${dryPrefix}${line}` : line),
  };
  // What is not changed is asked of the other when it is wanted.
  const dry: Cli = Object.create(cli);
  return Object.assign(dry, changed);
}

/** Requests that write are not sent: they are a mistake of this program. */
function readOnly(transport: Transport): Transport {
  const assertReading = ({ method, path }: WireRequest): void => {
    if (method === 'GET' || method === 'HEAD' || /\/containers\/[^/]+\/wait(\?|$)/.test(path)) return;
    throw internal(`a dry run was about to write: ${method} ${path}`, { hint: 'nothing was done' });
  };
  return {
    address: transport.address,
    async send(request) {
      assertReading(request);
      return transport.send(request);
    },
    async upgrade(request) {
      assertReading({ ...request, method: 'POST' });
      return transport.upgrade(request);
    },
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

/** A thing that would be done, as a line before and one after. */
export function tellDry(cli: Cli, what: string, [begun, done]: readonly [begun: string, done: string]): void {
  cli.warn(` ${what}  ${begun}`);
  cli.warn(` ${what}  ${done}`);
}
