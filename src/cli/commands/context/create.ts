// wharf context create
import { type EndpointFields, endpointFields } from '#cli/commands/context/endpoint-fields.ts';
import type { Cli } from '#cli/context.ts';
import {
  assertContextName,
  type Context,
  listContexts,
  readContext,
  writeContext,
} from '#cli/files/context-store.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { text } from '#cli/grammar/flags.ts';
import { conflict } from '#shared/errors.ts';

export const command = defineCommand({
  usage: '[flags] CONTEXT',
  flags: {
    description: text('What it is for', 'TEXT'),
    docker: text('The engine: host=URL, ca=FILE, cert=FILE, key=FILE, skip-tls-verify=true', 'FIELDS'),
    from: text('Begin as a copy of this context', 'CONTEXT'),
  },
  args: [1, 1],
  examples: [
    'wharf context create server --docker host=ssh://me@server',
    'wharf context create lab --docker "host=tcp://10.0.0.5:2376,ca=ca.pem,cert=cert.pem,key=key.pem"',
    'wharf --context server ps',
  ],
  async run({ cli, flags, args: [name = ''] }) {
    assertContextName(name);
    if (listContexts(cli.env).some((each) => each.name === name))
      throw conflict(`context ${JSON.stringify(name)} already exists`, {
        hint: `change it with: wharf context update ${name}`,
      });
    const fields: EndpointFields = flags.docker === undefined ? {} : endpointFields(flags.docker);
    const from = fields.from ?? flags.from;
    const base = from === undefined || fields.host !== undefined ? empty : await contextNamed(cli, from);
    const { from: _from, ...given } = fields;
    writeContext(cli.env, {
      ...base,
      ...given,
      name,
      description: flags.description ?? base.description,
    });
    cli.print(name);
    cli.warn(`Successfully created context "${name}"`);
  },
});

const empty: Omit<Context, 'name'> = {
  description: '',
  host: 'unix:///run/wharf/wharf.sock',
  skipTlsVerify: false,
  tls: {},
};

/** The default context is the engine that flags and variables name. */
async function contextNamed(cli: Cli, name: string): Promise<Omit<Context, 'name'>> {
  if (name !== 'default') return readContext(cli.env, name);
  const { host, tls } = await cli.endpoint();
  const { verify = true, ...keys } = tls ?? {};
  return { description: '', host, skipTlsVerify: !verify, tls: keys };
}
