// Which engine a command line means: flags, then variables, then contexts, then our own daemon.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configDir, type Env, readConfig } from '#cli/files/config-file.ts';
import { type FlagTable, type FlagValues, text, toggle } from '#cli/grammar/flags.ts';
import { defaultHost, type TlsKeys } from '#client/host.ts';
import { codeOf, invalid } from '#shared/errors.ts';

export const globalFlags = {
  host: text('The engine to talk to: unix:///path, tcp://host:port or ssh://user@host', 'URL', {
    short: 'H',
  }),
  config: text('Where settings, credentials and contexts are kept', 'DIR'),
  context: text('The engine to talk to, by the name of its context', 'NAME', { short: 'c' }),
  debug: toggle('Show where errors come from', 'D'),
  'log-level': text('Taken for compatibility', 'LEVEL', { short: 'l', hidden: true }),
  tls: toggle('Speak TLS with a tcp:// engine'),
  tlscacert: text('Trust only what this authority has signed', 'FILE'),
  tlscert: text('Our own TLS certificate', 'FILE'),
  tlskey: text('Its key', 'FILE'),
  tlsverify: toggle('Speak TLS and ask for a certificate that we trust'),
  version: toggle('Show the version of this program', 'v'),
} satisfies FlagTable;

export type GlobalValues = FlagValues<typeof globalFlags>;

export interface Endpoint {
  host: string;
  tls?: TlsKeys;
  /** The context that was chosen; undefined where flags or variables name the engine. */
  context?: string;
}

/** Throws `invalid`, and `notFound` for a context that is not there. */
export async function endpointOf(flags: GlobalValues, env: Env): Promise<Endpoint> {
  if (flags.host !== undefined && flags.context !== undefined)
    throw invalid('conflicting options: cannot specify both --host and --context');
  const named =
    flags.host ?? (flags.context === undefined ? env['WHARF_HOST'] || env['DOCKER_HOST'] : undefined);
  if (named) return withTls({ host: named }, flags, env);
  const context = currentContext(env, flags.context);
  if (context === 'default') return withTls({ host: defaultHost, context }, flags, env);
  const { readContext } = await import('#cli/files/context-store.ts');
  const { host, skipTlsVerify, tls } = readContext(env, context);
  const hasKeys = Object.keys(tls).length > 0 || skipTlsVerify;
  return { host, context, ...(hasKeys ? { tls: { ...tls, verify: !skipTlsVerify } } : {}) };
}

/** The name of the context that counts where no host is named. */
export function currentContext(env: Env, chosen?: string): string {
  return chosen ?? (env['DOCKER_CONTEXT'] || readConfig(env).currentContext || 'default');
}

function withTls(endpoint: Endpoint, flags: GlobalValues, env: Env): Endpoint {
  const verify = flags.tlsverify || Boolean(env['DOCKER_TLS_VERIFY']);
  if (!verify && !flags.tls && !env['DOCKER_TLS']) return endpoint;
  const dir = env['DOCKER_CERT_PATH'] || configDir(env);
  const ca = pem(flags.tlscacert, join(dir, 'ca.pem'));
  const cert = pem(flags.tlscert, join(dir, 'cert.pem'));
  const key = pem(flags.tlskey, join(dir, 'key.pem'));
  return {
    ...endpoint,
    tls: { ...optional('ca', ca), ...optional('cert', cert), ...optional('key', key), verify },
  };
}

function optional<K extends string>(name: K, value: string | undefined): Partial<Record<K, string>> {
  const found: Partial<Record<K, string>> = {};
  if (value !== undefined) found[name] = value;
  return found;
}

/** The file that was named must be there, the usual one need not. */
function pem(named: string | undefined, usual: string): string | undefined {
  const file = named ?? usual;
  if (named === undefined && !existsSync(file)) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw invalid(`could not read TLS file ${file}: ${codeOf(cause) ?? 'unreadable'}`, { cause });
  }
}
