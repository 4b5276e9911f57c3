// A registry on loopback holding the base images: our Hub, seeded once, kept in the checkout's cache.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRegistry } from '#registry/registry.ts';
import { messageOf } from '#shared/errors.ts';
import { seedImage } from '../hub/seed.ts';
import { ensureLayout, isMade } from './layouts.ts';
import { type Recipe, recipes } from './recipes.ts';
import { seeds, seedsNamed } from './seeds.ts';

/** The one of `bin/wharf`: a second start finds its code compiled. */
const codeCache = join(import.meta.dirname, '../../node_modules/.cache/wharf-code');

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
  /** Names of seed images (`mysql`) that it shall have, too; those made before are there anyway. */
  seeds?: string[];
  say?: (line: string) => void;
}

/** Starts the registry and makes sure that it has every base image. The caller stops it. */
export async function startBaseRegistry(options: RegistryOptions): Promise<BaseRegistry> {
  const say = options.say ?? (() => {});
  await mkdir(options.cache, { recursive: true });
  const layouts = new Map<Recipe, string>();
  const asked = seedsNamed(options.seeds ?? []);
  const made = Object.values(seeds).filter((recipe) => isMade(recipe, options.cache));
  for (const recipe of recipes) layouts.set(recipe, await ensureLayout(recipe, options.cache, say));
  for (const recipe of new Set([...asked, ...made])) {
    // A suite of Debian's that cannot be installed today is the trouble of those who ask for its image, and of nobody else.
    const layout = await ensureLayout(recipe, options.cache, say).catch((thrown: unknown) => {
      say(`seed image ${recipe.name} could not be made: ${messageOf(thrown)}`);
    });
    if (layout !== undefined) layouts.set(recipe, layout);
  }
  const registry = await startHub(options);
  try {
    for (const [recipe, layout] of layouts) await seed(registry.url, recipe, layout);
  } catch (thrown) {
    await registry.stop();
    throw thrown;
  }
  return registry;
}

async function startHub(options: RegistryOptions): Promise<BaseRegistry> {
  const port = options.port === 0 ? await freePort() : options.port;
  const detached = options.detached ?? false;
  // Tests and demo may each have a Hub on this folder at a time: safe as long as none of them collects garbage.
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      join(import.meta.dirname, '../hub/serve.ts'),
      join(options.cache, 'hub'),
      `127.0.0.1:${port}`,
      JSON.stringify({ collectEveryMs: 0 }),
    ],
    { stdio: 'ignore', detached, env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: codeCache } },
  );
  if (detached) child.unref();
  const url = `http://127.0.0.1:${port}`;
  try {
    await answering(url, child);
  } catch (thrown) {
    await stopChild(child);
    throw thrown;
  }
  return { url, child, stop: () => stopChild(child) };
}

async function answering(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    if (child.exitCode !== null) throw new Error(`the Hub of base images ended with code ${child.exitCode}`);
    const answer = await fetch(`${url}/v2/`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(25);
  }
  throw new Error(`the Hub of base images does not answer at ${url}`);
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

async function seed(url: string, recipe: Recipe, layout: string): Promise<void> {
  const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8'));
  const [name = '', first = 'latest'] = recipe.name.split(':');
  const repository = `library/${name}`;
  using client = openRegistry();
  for (const tag of [first, ...(recipe.tags ?? [])]) {
    const held = await fetch(`${url}/v2/${repository}/manifests/${tag}`, { method: 'HEAD' });
    if (held.headers.get('docker-content-digest') === index.manifests[0].digest) continue;
    await seedImage(client, { registry: new URL(url).host, repository, tag, layout });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
