// The user's settings in Docker's own file: `config.json` of `~/.docker`, or of `$DOCKER_CONFIG`.
import { chmodSync, mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { codeOf, invalid, messageOf } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';

export type Env = Readonly<Record<string, string | undefined>>;

export interface StoredAuth {
  auth?: string;
  username?: string;
  password?: string;
  identitytoken?: string;
}

interface ProxySettings {
  httpProxy?: string;
  httpsProxy?: string;
  noProxy?: string;
  ftpProxy?: string;
  allProxy?: string;
}

/** The keys that we know; the others are kept as they are. */
export interface ConfigFile {
  auths?: Record<string, StoredAuth>;
  credsStore?: string;
  credHelpers?: Record<string, string>;
  currentContext?: string;
  detachKeys?: string;
  psFormat?: string;
  imagesFormat?: string;
  networksFormat?: string;
  volumesFormat?: string;
  statsFormat?: string;
  HttpHeaders?: Record<string, string>;
  proxies?: Record<string, ProxySettings>;
  pruneFilters?: string[];
  [more: string]: unknown;
}

export function configDir(env: Env): string {
  return env['DOCKER_CONFIG'] || join(env['HOME'] || homedir(), '.docker');
}

export function configFile(env: Env): string {
  return join(configDir(env), 'config.json');
}

/** An absent file is empty. Throws `invalid` for a file that is there and is no JSON object. */
export function readConfig(env: Env): ConfigFile {
  const file = configFile(env);
  const fail = (why: string, cause?: unknown) =>
    invalid(`Error loading config file: ${file}: ${why}`, { cause });
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(codeOf(cause) ?? '')) return {};
    throw fail(messageOf(cause), cause);
  }
  try {
    const parsed: ConfigFile | null = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  } catch (cause) {
    throw fail(messageOf(cause), cause);
  }
  throw fail('it is no JSON object');
}

/** Where a link leads, which people keep their settings behind; else the file itself. */
function targetOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

/** Replaces the file at once; only its owner may read it. */
export function writeConfig(env: Env, config: ConfigFile): void {
  const file = targetOf(configFile(env));
  makeFolders(mkdirSync, dirname(file), 0o700);
  const next = `${file}.${process.pid}.new`;
  writeFileSync(next, `${JSON.stringify(config, undefined, '\t')}\n`, { mode: 0o600 });
  chmodSync(next, 0o600);
  renameSync(next, file);
}

/**
 * Variables that `proxies` gives to containers and builds for the engine at `host`, both in small and in capital
 * letters.
 */
export function proxyVariables(config: ConfigFile, host: string): Record<string, string> {
  const { proxies = {} } = config;
  const settings = (Object.hasOwn(proxies, host) ? proxies[host] : undefined) ?? proxies['default'] ?? {};
  const names = {
    http_proxy: settings.httpProxy,
    https_proxy: settings.httpsProxy,
    no_proxy: settings.noProxy,
    ftp_proxy: settings.ftpProxy,
    all_proxy: settings.allProxy,
  };
  return Object.fromEntries(
    Object.entries(names).flatMap(([name, value]) =>
      value
        ? [
            [name.toUpperCase(), value],
            [name, value],
          ]
        : [],
    ),
  );
}
