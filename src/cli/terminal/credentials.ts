// Registry credentials in Docker's own file: `auths` of `config.json`.
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { codeOf, invalid } from '#shared/errors.ts';

type Env = Readonly<Record<string, string | undefined>>;

interface StoredAuth {
  auth?: string;
  username?: string;
  password?: string;
  identitytoken?: string;
}

interface ConfigFile {
  auths?: Record<string, StoredAuth>;
  [more: string]: unknown;
}

export const hubKey = 'https://index.docker.io/v1/';

export function configFile(env: Env): string {
  return join(env['DOCKER_CONFIG'] || join(env['HOME'] ?? homedir(), '.docker'), 'config.json');
}

/** Throws `invalid` for a file that is there and is not JSON. */
export function readConfig(env: Env): ConfigFile {
  const file = configFile(env);
  try {
    const parsed: ConfigFile = JSON.parse(readFileSync(file, 'utf8'));
    return parsed;
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR' || codeOf(cause) === 'EACCES') return {};
    throw invalid(`Error loading config file: ${file}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

/** Replaces the file at once; only its owner may read it. */
export function writeConfig(env: Env, config: ConfigFile): void {
  const file = configFile(env);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const next = `${file}.${process.pid}.new`;
  writeFileSync(next, `${JSON.stringify(config, undefined, '\t')}\n`, { mode: 0o600 });
  chmodSync(next, 0o600);
  renameSync(next, file);
}

/** The key under which a registry's credentials lie. */
export function keyOf(registry: string): string {
  return registry === 'docker.io' || registry === 'index.docker.io' ? hubKey : registry;
}

/** What the engine sends to a registry, in the form of its header; undefined where nothing is stored. */
export function registryAuthFor(env: Env, registry: string): string | undefined {
  const key = keyOf(registry);
  const auths = readConfig(env).auths ?? {};
  const stored = Object.entries(auths).find(([name]) => name === key || bare(name) === bare(key))?.[1];
  return stored === undefined ? undefined : encodeAuth(authOf(stored, key));
}

/** Every stored credential, for a build that pulls from several registries. */
export function registryConfig(env: Env): string | undefined {
  const auths = Object.entries(readConfig(env).auths ?? {}).map(([key, stored]) => [
    key,
    authOf(stored, key),
  ]);
  return auths.length === 0 ? undefined : encodeAuth(Object.fromEntries(auths));
}

function bare(name: string): string {
  return name.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

function authOf(stored: StoredAuth, key: string): Record<string, string> {
  const decoded = Buffer.from(stored.auth ?? '', 'base64')
    .toString()
    .replace(/\0+$/, '');
  const colon = decoded.indexOf(':');
  return {
    username: stored.username ?? (colon < 0 ? '' : decoded.slice(0, colon)),
    password: stored.password ?? (colon < 0 ? '' : decoded.slice(colon + 1)),
    serveraddress: key,
    ...(stored.identitytoken === undefined ? {} : { identitytoken: stored.identitytoken }),
  };
}

export function encodeAuth(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}
