// wharf context inspect
import type { Cli } from '#cli/context.ts';
import { currentContext } from '#cli/endpoint.ts';
import { placesOf, readContext, tlsNames } from '#cli/files/context-store.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { text } from '#cli/grammar/flags.ts';
import { printInspected } from '#cli/terminal/inspected.ts';

export const command = defineCommand({
  usage: '[flags] [CONTEXT...]',
  flags: { format: text('json or a template', 'FORMAT', { short: 'f' }) },
  args: [0, Number.POSITIVE_INFINITY],
  examples: ["wharf context inspect -f '{{.Endpoints.docker.Host}}' server"],
  async run({ cli, flags, args }) {
    const names = args.length > 0 ? args : [currentContext(cli.env)];
    return printInspected(cli, names, { format: flags.format, find: (name) => found(cli, name) });
  },
});

async function found(cli: Cli, name: string): Promise<object> {
  if (name === 'default') {
    const { host, tls } = await cli.endpoint();
    return shown({ name, description: '', host, skipTlsVerify: tls?.verify === false, files: [] }, [
      '<IN MEMORY>',
      '<IN MEMORY>',
    ]);
  }
  const context = readContext(cli.env, name);
  const files = tlsNames.filter((each) => context.tls[each] !== undefined).map((each) => `${each}.pem`);
  const { meta, tls } = placesOf(cli.env, name);
  return shown({ ...context, files }, [meta, tls]);
}

interface Shown {
  name: string;
  description: string;
  host: string;
  skipTlsVerify: boolean;
  files: string[];
}

function shown(context: Shown, [MetadataPath, TLSPath]: readonly [string, string]): object {
  return {
    Name: context.name,
    Metadata: context.description === '' ? {} : { Description: context.description },
    Endpoints: { docker: { Host: context.host, SkipTLSVerify: context.skipTlsVerify } },
    TLSMaterial: context.files.length === 0 ? {} : { docker: context.files },
    Storage: { MetadataPath, TLSPath },
  };
}
