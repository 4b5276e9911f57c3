// wharf hub user add | rm | ls
import { createInterface } from 'node:readline/promises';
import { rootFlag, rootOf, usersFileOf } from '#cli/commands/hub/place.ts';
import type { Cli } from '#cli/context.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { invalid } from '#shared/errors.ts';

const usage = '[flags] add NAME | rm NAME... | ls';

export const command = defineCommand({
  usage,
  flags: {
    htpasswd: text('Users’ file (DIR/htpasswd)', 'FILE'),
    'password-stdin': toggle('Read the password from stdin'),
    root: rootFlag,
  },
  args: [1, Number.POSITIVE_INFINITY],
  examples: [
    'wharf hub user add alice',
    'echo "$PASSWORD" | wharf hub user add --password-stdin --htpasswd /srv/hub/htpasswd alice',
    'wharf hub user ls',
    'wharf hub user rm alice',
  ],
  async run({ cli, flags, args: [verb = '', ...names] }) {
    const { addUser, listUsers, removeUser } = await import('#daemon/hub.ts');
    const file = usersFileOf(rootOf(flags.root), flags.htpasswd);
    const [name] = names;
    if (verb === 'add' && name !== undefined && names.length === 1) {
      await addUser(file, name, await readPassword(cli, flags['password-stdin']));
    } else if ((verb === 'rm' || verb === 'remove') && name !== undefined) {
      for (const each of names) removeUser(file, each);
    } else if ((verb === 'ls' || verb === 'list') && name === undefined) {
      for (const each of listUsers(file)) cli.print(each);
    } else {
      throw invalid(`'wharf hub user' does not understand: ${[verb, ...names].join(' ')}`, {
        hint: `usage: wharf hub user ${usage}`,
      });
    }
  },
});

async function readPassword(cli: Cli, fromStdin: boolean): Promise<string> {
  if (fromStdin) {
    const chunks: Buffer[] = [];
    for await (const chunk of cli.stdin) chunks.push(chunk);
    return Buffer.concat(chunks)
      .toString('utf8')
      .replace(/\r?\n$/, '');
  }
  if (!cli.stdin.isTTY)
    throw invalid('there is no terminal to ask for a password', { hint: 'use --password-stdin' });
  const [first, again] = [await askHidden(cli, 'Password: '), await askHidden(cli, 'Again: ')];
  if (first !== again) throw invalid('the two passwords differ');
  return first;
}

async function askHidden(cli: Cli, question: string): Promise<string> {
  cli.stderr.write(question);
  // Without an output, what is typed is shown nowhere.
  const lines = createInterface({ input: cli.stdin, terminal: true });
  try {
    return await lines.question('');
  } finally {
    lines.close();
    cli.stderr.write('\n');
  }
}
