// Registry credentials: those in Docker's own file (`auths` of `config.json`), and those that helper programs keep.
import {
  type ConfigFile,
  type Env,
  readConfig,
  type StoredAuth,
  writeConfig,
} from '#cli/files/config-file.ts';
import { askProgram } from '#client/programs.ts';
import { internal } from '#shared/errors.ts';

export const hubKey = 'https://index.docker.io/v1/';

/** The key under which a registry's credentials lie. */
export function keyOf(registry: string): string {
  return registry === 'docker.io' || registry === 'index.docker.io' ? hubKey : registry;
}

/** What the engine sends to a registry, in the form of its header; undefined where nothing is stored. */
export function registryAuthFor(env: Env, registry: string): string | undefined {
  const found = storedAuth(env, registry);
  return found === undefined ? undefined : encodeAuth(found);
}

/** What is stored for a registry: `username`, `password` or `identitytoken`, and `serveraddress`. */
export function storedAuth(env: Env, registry: string): Record<string, string> | undefined {
  const config = readConfig(env);
  const key = keyOf(registry);
  const kept = helperFor(config, key);
  return kept === undefined ? plainAuth(config, key) : (askHelper(kept, key) ?? plainAuth(config, key));
}

/** Every stored credential, for a build that pulls from several registries. */
export function registryConfig(env: Env): string | undefined {
  const config = readConfig(env);
  const known = new Set([...Object.keys(config.auths ?? {}), ...Object.keys(config.credHelpers ?? {})]);
  if (config.credsStore) for (const key of helperKeys(config.credsStore)) known.add(key);
  const auths = [...known].flatMap((key) => {
    const helper = helperFor(config, key);
    const found =
      helper === undefined ? plainAuth(config, key) : (askHelper(helper, key) ?? plainAuth(config, key));
    return found === undefined ? [] : [[key, found] as const];
  });
  return auths.length === 0 ? undefined : encodeAuth(Object.fromEntries(auths));
}

/** Keeps a credential: with the helper of its registry where there is one, else in the file. False for the file. */
export function keepCredential(
  env: Env,
  key: string,
  wanted: { username: string; secret: string; isToken: boolean },
): boolean {
  const config = readConfig(env);
  const helper = helperFor(config, key);
  const { username, secret, isToken } = wanted;
  if (helper === undefined) {
    const auth = Buffer.from(`${username}:${isToken ? '' : secret}`).toString('base64');
    const stored = isToken ? { auth, identitytoken: secret } : { auth };
    writeConfig(env, { ...config, auths: { ...config.auths, [key]: stored } });
    return false;
  }
  const input = JSON.stringify({ ServerURL: key, Username: isToken ? tokenUser : username, Secret: secret });
  const { code, stdout, stderr } = askProgram(helper, ['store'], input);
  if (code !== 0)
    throw internal(
      `error storing credentials - err: ${helper} ended with code ${code}: ${`${stdout}${stderr}`.trim()}`,
    );
  // An empty entry tells that somebody is logged in there.
  writeConfig(env, { ...config, auths: { ...config.auths, [key]: {} } });
  return true;
}

/** False where nothing was kept. */
export function forgetCredential(env: Env, key: string): boolean {
  const config = readConfig(env);
  const known = config.auths !== undefined && Object.hasOwn(config.auths, key);
  const helper = helperFor(config, key);
  const erased = helper !== undefined && askProgram(helper, ['erase'], key).code === 0;
  if (known) {
    const { [key]: _forgotten, ...others } = config.auths ?? {};
    writeConfig(env, { ...config, auths: others });
  }
  return known || erased;
}

/** The name under which helpers keep a token instead of a password. */
const tokenUser = '<token>';

function plainAuth(config: ConfigFile, key: string): Record<string, string> | undefined {
  const stored = Object.entries(config.auths ?? {}).find(
    ([name]) => name === key || bare(name) === bare(key),
  )?.[1];
  const isEmpty = stored === undefined || !(stored.auth || stored.username || stored.identitytoken);
  return isEmpty ? undefined : authOf(stored, key);
}

/** The program that keeps a registry's credentials, if one does. */
function helperFor(config: ConfigFile, key: string): string | undefined {
  const { credHelpers = {} } = config;
  const own = Object.entries(credHelpers).find(([name]) => name === key || bare(name) === bare(key))?.[1];
  const name = own ?? config.credsStore;
  return name ? `docker-credential-${name}` : undefined;
}

function askHelper(helper: string, key: string): Record<string, string> | undefined {
  const { code, stdout, stderr } = askProgram(helper, ['get'], key);
  const said = `${stdout}${stderr}`.trim();
  if (code !== 0) {
    if (/credentials not found/i.test(said)) return undefined;
    throw internal(`error getting credentials - err: ${helper} ended with code ${code}: ${said}`);
  }
  const { Username = '', Secret = '' } = parseAnswer<{ Username?: string; Secret?: string }>(helper, stdout);
  if (Username === '' && Secret === '') return undefined;
  return Username === tokenUser
    ? { username: '', password: '', serveraddress: key, identitytoken: Secret }
    : { username: Username, password: Secret, serveraddress: key };
}

function helperKeys(store: string): string[] {
  const helper = `docker-credential-${store}`;
  const { code, stdout } = askProgram(helper, ['list'], '');
  return code === 0 ? Object.keys(parseAnswer<Record<string, string>>(helper, stdout || '{}')) : [];
}

function parseAnswer<T>(helper: string, text: string): T {
  try {
    const answer: T = JSON.parse(text);
    return answer;
  } catch (cause) {
    throw internal(`${helper} answered with something that is not JSON`, { cause });
  }
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
