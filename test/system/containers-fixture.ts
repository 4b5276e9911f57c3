// What the tests of containers stand on: a real engine in its own folders, with a busybox image.
import { execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import { type Engine, openEngine } from '#engine/open.ts';
import type { ContainerCreateRequest } from '#shared/contract/container.ts';

const busybox = '/usr/bin/busybox';
const applets =
  'sh true false echo sleep cat ls id env hostname ip ping wget nc stty kill touch mount ps head seq mkdir rm pwd test wc dd trap printf ln stat grep ulimit';

export interface Place extends Disposable {
  dir: string;
  bridge: string;
  bip: string;
}

/** Folders and a bridge's name of their own; removed with what is in them. */
export function newPlace(): Place {
  const dir = mkdtempSync(join(tmpdir(), 'wharf-containers-'));
  const number = randomInt(1, 250);
  return {
    dir,
    bridge: `wct${number}`,
    bip: `10.214.${number}.1/24`,
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}

export async function openAt(place: Place): Promise<Engine> {
  const { dir, bridge, bip } = place;
  return await openEngine({ root: join(dir, 'root'), run: join(dir, 'run'), bridge, bip });
}

/** The image `busybox:latest`, with users `root` and `app` (1000). */
export async function importBusybox(engine: Engine, dir: string): Promise<void> {
  const root = join(dir, 'rootfs');
  for (const each of ['bin', 'etc', 'tmp', 'root', 'data', 'home/app'])
    mkdirSync(join(root, each), { recursive: true });
  copyFileSync(busybox, join(root, 'bin/busybox'));
  for (const applet of applets.split(' ')) symlinkSync('busybox', join(root, 'bin', applet));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\napp:x:1000:\nextra:x:2000:app\n');
  writeFileSync(join(root, 'data/seed'), 'from the image\n');
  const tar = spawn('tar', ['-C', root, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await engine.images.importTree(tar.stdout, { reference: 'busybox:latest' });
  rmSync(root, { recursive: true });
}

export interface Ran {
  id: string;
  code: number;
  stdout: string;
  stderr: string;
}

/** Creates, attaches, starts and waits, as `docker run` does. The container stays. */
export async function runIn(
  engine: Engine,
  request: Partial<ContainerCreateRequest> & { Cmd: string[] },
  name?: string,
): Promise<Ran> {
  const { containers } = engine;
  const { Id: id } = await containers.create(
    { Image: 'busybox', ...request },
    name === undefined ? {} : { name },
  );
  await using stream = await containers.attach(id, { stdout: true, stderr: true, stream: true });
  const exit = containers.wait(id, 'next-exit');
  await containers.start(id);
  const said = { 1: '', 2: '' };
  for await (const { stream: number, data } of stream.output) said[number] += data.toString('utf8');
  const { StatusCode: code } = await exit;
  return { id, code, stdout: said[1], stderr: said[2] };
}

/** Everything goes: containers, bridge, rules, folders. */
export async function endEngine(engine: Engine): Promise<void> {
  await engine.containers.settle();
  for (const { id } of engine.containers.all()) {
    await engine.containers.remove(id, { force: true, volumes: true });
  }
  await engine.containers.settle();
  await engine.networks.close({ removeAll: true });
  await engine[Symbol.asyncDispose]();
}

/** Ends the engine with the test, however that goes. */
export function ending(engine: Engine): Engine {
  let ended: Promise<void> | undefined;
  return { ...engine, [Symbol.asyncDispose]: () => (ended ??= endEngine(engine)) };
}

/** Mounts and network namespaces below a folder. */
export function mountsBelow(dir: string): string[] {
  const table = execFileSync('cat', ['/proc/self/mountinfo'], { encoding: 'utf8' });
  return table
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((target) => target.startsWith(`${dir}/`));
}

/** Forty secrets, each with this text. */
export function secretsTar(text: string): Readable {
  const tar = pack();
  for (let number = 0; number < 40; number++) tar.entry({ name: `run/secrets/${number}`, mode: 0o400 }, text);
  tar.finalize();
  return tar as unknown as Readable;
}
