// wharf login
import { createInterface } from 'node:readline/promises';
import type { Cli } from '#cli/context.ts';
import { configFile } from '#cli/files/config-file.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { keepCredential, keyOf, storedAuth } from '#cli/terminal/credentials.ts';
import { invalid, isKind, messageOf } from '#shared/errors.ts';

export const command = defineCommand({
  usage: '[flags] [REGISTRY]',
  flags: {
    password: text('Password (other users may see it in the process list)', 'TEXT', { short: 'p' }),
    'password-stdin': toggle('Read the password from stdin'),
    username: text('User name', 'NAME', { short: 'u' }),
  },
  args: [0, 1],
  examples: ['echo "$TOKEN" | wharf login -u me --password-stdin registry.example.org'],
  async run({ cli, flags, args: [registry = 'docker.io'] }) {
    if (flags.password !== undefined && flags['password-stdin'])
      throw invalid('--password and --password-stdin are mutually exclusive');
    if (flags['password-stdin'] && flags.username === undefined)
      throw invalid('Must provide --username with --password-stdin');
    const key = keyOf(registry.replace(/^https?:\/\//, '').replace(/\/$/, ''));
    if (flags.username === undefined && flags.password === undefined && (await stillGood(cli, key))) return;
    if (flags.password !== undefined)
      cli.warn('WARNING! Using --password via the CLI is insecure. Use --password-stdin.');
    const username = flags.username ?? (await ask(cli, 'Username: '));
    const password = flags['password-stdin']
      ? (await readAll(cli)).replace(/\r?\n$/, '')
      : (flags.password ?? (await ask(cli, 'Password: ', true)));
    if (username === '' || password === '') throw invalid('username and password must not be empty');
    const { system } = await cli.client();
    const { Status, IdentityToken } = await system.login({ username, password, serveraddress: key });
    const isHidden = keepCredential(cli.env, key, {
      username,
      secret: IdentityToken || password,
      isToken: Boolean(IdentityToken),
    });
    if (!isHidden) cli.warn(`WARNING! Your credentials are stored unencrypted in '${configFile(cli.env)}'.`);
    cli.print(Status || 'Login Succeeded');
  },
});

/** Tries what is stored for the registry, as a login without words asks for no more where that is right. */
async function stillGood(cli: Cli, key: string): Promise<boolean> {
  const stored = storedAuth(cli.env, key);
  if (stored === undefined) return false;
  cli.print(`Authenticating with existing credentials... [Username: ${stored['username']}]`);
  const { system } = await cli.client();
  try {
    const { Status } = await system.login(stored);
    cli.print(Status || 'Login Succeeded');
    return true;
  } catch (thrown) {
    if (!isKind(thrown, 'unauthorized')) throw thrown;
    cli.warn(`Login did not succeed, error: ${messageOf(thrown)}`);
    return false;
  }
}

async function readAll(cli: Cli): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of cli.stdin) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** A line that the user types; `secret` does not show it. */
async function ask(cli: Cli, question: string, secret = false): Promise<string> {
  if (!cli.stdin.isTTY)
    throw invalid('Cannot perform an interactive login from a non TTY device', {
      hint: 'use --username and --password-stdin',
    });
  cli.stderr.write(question);
  const lines = createInterface({ input: cli.stdin, terminal: secret });
  try {
    return (await lines.question('')).trim();
  } finally {
    lines.close();
    if (secret) cli.stderr.write('\n');
  }
}
