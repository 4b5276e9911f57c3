// Contexts: engines by name, kept where Docker's CLI keeps them (`contexts/` beside `config.json`).
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configDir, type Env } from '#cli/files/config-file.ts';
import { codeOf, invalid, messageOf, notFound } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';

export interface Context {
  name: string;
  description: string;
  host: string;
  skipTlsVerify: boolean;
  tls: Partial<Record<TlsName, string>>;
}

export type TlsName = (typeof tlsNames)[number];
export const tlsNames = ['ca', 'cert', 'key'] as const;

interface Meta {
  Name: string;
  Metadata?: { Description?: string };
  Endpoints?: { docker?: { Host?: string; SkipTLSVerify?: boolean } };
}

/** Throws `invalid` for a name that no context may have. */
export function assertContextName(name: string): void {
  if (name === 'default') throw invalid('"default" is a reserved context name');
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.+-]{0,127}$/.test(name)) return;
  throw invalid(
    `context name ${JSON.stringify(name)} is invalid, names are validated against regexp "^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$"`,
  );
}

/** The folders of a context, whether they are there or not. */
export function placesOf(env: Env, name: string): { meta: string; tls: string } {
  const id = createHash('sha256').update(name).digest('hex');
  const root = join(configDir(env), 'contexts');
  return { meta: join(root, 'meta', id), tls: join(root, 'tls', id) };
}

/** Throws `notFound`, and `invalid` for a file that holds no context. */
export function readContext(env: Env, name: string): Context {
  const { meta, tls } = placesOf(env, name);
  const file = join(meta, 'meta.json');
  const text = readQuietly(file);
  if (text === undefined) {
    throw notFound(
      `context ${JSON.stringify(name)}: context not found: open ${file}: no such file or directory`,
      {
        hint: 'see: wharf context ls',
      },
    );
  }
  return contextOf(parseMeta(text, file), (each) => readQuietly(join(tls, 'docker', `${each}.pem`)));
}

/** Every context but the default one, by name. */
export function listContexts(env: Env): Context[] {
  const root = join(configDir(env), 'contexts', 'meta');
  const found = namesIn(root).flatMap((id) => {
    const text = readQuietly(join(root, id, 'meta.json'));
    return text === undefined ? [] : [readContext(env, parseMeta(text, join(root, id, 'meta.json')).Name)];
  });
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Makes or replaces a context; its keys can be read by their owner only. */
export function writeContext(env: Env, context: Context): void {
  const { meta, tls } = placesOf(env, context.name);
  makeFolders(mkdirSync, meta, 0o755);
  writeFileSync(join(meta, 'meta.json'), metaText(context));
  rmSync(tls, { recursive: true, force: true });
  for (const name of tlsNames) {
    const text = context.tls[name];
    if (text === undefined) continue;
    makeFolders(mkdirSync, join(tls, 'docker'), 0o700);
    writeFileSync(join(tls, 'docker', `${name}.pem`), text, { mode: 0o600 });
  }
}

export function removeContext(env: Env, name: string): void {
  const { meta, tls } = placesOf(env, name);
  rmSync(meta, { recursive: true, force: true });
  rmSync(tls, { recursive: true, force: true });
}

/** The text of `meta.json`. */
export function metaText(context: Context): string {
  const endpoint = { Host: context.host, SkipTLSVerify: context.skipTlsVerify };
  return JSON.stringify({
    Name: context.name,
    Metadata: context.description === '' ? {} : { Description: context.description },
    Endpoints: { docker: endpoint },
  });
}

/** Throws `invalid` with the name of what was read. */
export function parseMeta(text: string, file: string): Meta {
  try {
    const meta: Meta | null = JSON.parse(text);
    if (typeof meta?.Name === 'string') return meta;
  } catch (cause) {
    throw invalid(`parsing ${file}: ${messageOf(cause)}`, { cause });
  }
  throw invalid(`parsing ${file}: it names no context`);
}

export function contextOf(meta: Meta, tlsText: (name: TlsName) => string | undefined): Context {
  const { Host = '', SkipTLSVerify = false } = meta.Endpoints?.docker ?? {};
  const tls: Context['tls'] = {};
  for (const name of tlsNames) {
    const text = tlsText(name);
    if (text !== undefined) tls[name] = text;
  }
  return {
    name: meta.Name,
    description: meta.Metadata?.Description ?? '',
    host: Host,
    skipTlsVerify: SkipTLSVerify,
    tls,
  };
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function readQuietly(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT' || codeOf(thrown) === 'ENOTDIR') return undefined;
    throw invalid(`open ${file}: ${codeOf(thrown) ?? messageOf(thrown)}`, { cause: thrown });
  }
}
