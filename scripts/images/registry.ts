// A registry on loopback holding the base images: Debian's docker-registry, seeded once, kept in the checkout's cache.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { writeLayout } from './layout.ts';
import { type Recipe, recipes } from './recipes.ts';
import { makeRoot } from './root.ts';

const execute = promisify(execFile);

export interface BaseRegistry {
  /** What `--registry-mirror` takes. */
  url: string;
  child: ChildProcess;
  stop(): Promise<void>;
}

export interface RegistryOptions {
  /** Folder that keeps what was made, between runs. */
  cache: string;
  /** 0: any free port. */
  port: number;
  /** The registry goes on after this process. */
  detached?: boolean;
  say?: (line: string) => void;
}

/** Starts the registry and makes sure that it has every base image. The caller stops it. */
export async function startBaseRegistry(options: RegistryOptions): Promise<BaseRegistry> {
  const say = options.say ?? (() => {});
  await mkdir(options.cache, { recursive: true });
  const layouts = new Map<Recipe, string>();
  for (const recipe of recipes) layouts.set(recipe, await ensureLayout(recipe, options.cache, say));
  const registry = await startRegistry(options);
  try {
    for (const [recipe, layout] of layouts) await seed(registry.url, recipe, layout, options.cache);
  } catch (thrown) {
    await registry.stop();
    throw thrown;
  }
  return registry;
}

async function ensureLayout(recipe: Recipe, cache: string, say: (line: string) => void): Promise<string> {
  const key = createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 12);
  const layout = join(cache, `${recipe.name.replace(/[:/]/g, '-')}-${key}`);
  if (existsSync(layout)) return layout;
  say(`making base image ${recipe.name} from Debian packages`);
  const work = `${layout}.making`;
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  const tarFile = `${layout}.tar`;
  await makeRoot(recipe, tarFile);
  await writeLayout(tarFile, work, recipe.config);
  await rm(tarFile);
  await rename(work, layout);
  return layout;
}

async function startRegistry(options: RegistryOptions): Promise<BaseRegistry> {
  const port = options.port === 0 ? await freePort() : options.port;
  const folder = join(options.cache, 'registry');
  await mkdir(folder, { recursive: true });
  const configFile = join(folder, `config-${port}.yml`);
  await writeFile(configFile, registryConfig(folder, port));
  const detached = options.detached ?? false;
  const child = spawn(registryProgram(), ['serve', configFile], {
    stdio: 'ignore',
    detached,
    env: { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none' },
  });
  if (detached) child.unref();
  const url = `http://127.0.0.1:${port}`;
  await answering(url, child);
  return { url, child, stop: () => stopChild(child, configFile) };
}

/** The one that setup unpacked into the checkout's cache, or the machine's own. */
function registryProgram(): string {
  const unpacked = join(import.meta.dirname, '../../.cache/tools/usr/bin/docker-registry');
  return existsSync(unpacked) ? unpacked : 'docker-registry';
}

function registryConfig(folder: string, port: number): string {
  const lines = ['version: 0.1', 'log: {level: error, accesslog: {disabled: true}}'];
  lines.push(`storage: {filesystem: {rootdirectory: ${JSON.stringify(folder)}}, delete: {enabled: true}}`);
  lines.push(`http: {addr: "127.0.0.1:${port}"}`);
  return `${lines.join('\n')}\n`;
}

async function answering(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error(`docker-registry ended with code ${child.exitCode}`);
    const answer = await fetch(`${url}/v2/`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(25);
  }
  throw new Error(`docker-registry does not answer at ${url}`);
}

async function stopChild(child: ChildProcess, configFile: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
  }
  await rm(configFile, { force: true });
}

async function seed(url: string, recipe: Recipe, layout: string, cache: string): Promise<void> {
  const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8'));
  const [repository, tag] = recipe.name.split(':');
  const accept = { accept: 'application/vnd.oci.image.manifest.v1+json' };
  const held = await fetch(`${url}/v2/library/${repository}/manifests/${tag}`, { headers: accept });
  if (held.headers.get('docker-content-digest') === index.manifests[0].digest) return;
  const target = `docker://${new URL(url).host}/library/${repository}:${tag}`;
  const env = { ...process.env, TMPDIR: cache };
  await execute(
    'skopeo',
    ['--insecure-policy', 'copy', '--quiet', '--dest-tls-verify=false', `oci:${layout}`, target],
    { env },
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
