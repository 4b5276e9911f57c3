// An engine's lower rooms and a build room on the real kernel, with a small base image, for the tests of builds.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { type Build, type BuildRequest, openBuild } from '#engine/build/build.ts';
import { EventLog } from '#engine/events.ts';
import { type Images, openImages } from '#engine/images/images.ts';
import type { ImageRecord } from '#engine/images/record.ts';
import { openNetworks } from '#engine/networks/networks.ts';
import { observeMounts, unmountUnder } from '#kernel/mounts.ts';
import { openRegistry } from '#registry/registry.ts';
import { openRuntime } from '#runtime/task.ts';
import { openContent } from '#storage/content/content.ts';
import { mountReadOnly } from '#storage/snapshots/read-only.ts';
import { openSnapshots, type Snapshots } from '#storage/snapshots/snapshots.ts';
import { openLeases } from '#storage/state/leases.ts';
import { openState, type State } from '#storage/state/state.ts';

export interface BuildLab extends AsyncDisposable {
  dir: string;
  state: State;
  images: Images;
  snapshots: Snapshots;
  build: Build;
  /** Writes a context folder. Keys ending in a slash are directories; `@` values are links. */
  context(files: Record<string, string | Buffer>): string;
  /** Builds, and gives what was told, the image or what was thrown. */
  run(request: Partial<BuildRequest> & { files?: Record<string, string | Buffer> }): Promise<Outcome>;
  /** The image's files, listed by a shell-like walk: path to `mode uid:gid content-or-link`. */
  files(image: ImageRecord): Record<string, string>;
  /** What is in each file that is no program: path to content. */
  contents(image: ImageRecord): Record<string, string>;
  /** What is in a file of the image. */
  text(image: ImageRecord, path: string): string;
  mountsInside(): string[];
}

export interface Outcome {
  output: string;
  image?: ImageRecord;
  error?: Error & { exitCode?: number; hint?: string };
}

const applets =
  'sh cat ls echo mkdir touch rm ln chmod chown id env stat sleep true false pwd cp mv test ip grep sort head find'.split(
    ' ',
  );

/** A tar of a busybox root. */
function busyboxTar(dir: string): Buffer {
  const root = join(dir, 'busybox-root');
  for (const name of ['bin', 'etc', 'tmp', 'root', 'home/app'])
    mkdirSync(join(root, name), { recursive: true });
  chmodSync(join(root, 'tmp'), 0o1777);
  copyFileSync('/usr/bin/busybox', join(root, 'bin/busybox'));
  for (const name of applets) symlinkSync('busybox', join(root, 'bin', name));
  writeFileSync(
    join(root, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:app:/home/app:/bin/sh\n',
  );
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nstaff:x:1001:app\n');
  return execFileSync('tar', ['-C', root, '--numeric-owner', '--owner=0', '--group=0', '-c', '.'], {
    maxBuffer: 1 << 28,
  });
}

function writeContext(dir: string, files: Record<string, string | Buffer>): string {
  const root = mkdtempSync(join(dir, 'context-'));
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(name.endsWith('/') ? path : dirname(path), { recursive: true });
    if (name.endsWith('/')) continue;
    if (typeof content === 'string' && content.startsWith('@')) symlinkSync(content.slice(1), path);
    else writeFileSync(path, content);
  }
  return root;
}

/** Opens everything in a folder of its own; `dir` reopens one. The base image is `busybox:latest`. */
export async function openBuildLab(options: { dir?: string; run?: string } = {}): Promise<BuildLab> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'wharf-build-'));
  const [root, run] = [join(dir, 'root'), options.run ?? join(dir, 'run')];
  for (const path of [root, run, join(root, 'build')]) mkdirSync(path, { recursive: true });
  const state = openState(join(root, 'state.db'));
  const leases = openLeases(state);
  const content = openContent(join(root, 'content'));
  const snapshots = openSnapshots({ dir: join(root, 'snapshots'), state, leases });
  const events = new EventLog();
  const registry = openRegistry();
  const images = openImages({ state, leases, content, snapshots, registry, events });
  // The same folder is the same engine: it finds its own bridge and table again.
  const bridge = `wb${dir.slice(-6)}`;
  const networks = openNetworks({
    state,
    leases,
    events,
    runDir: run,
    bridge: { name: bridge },
    tableName: `wharf_${bridge}`,
  });
  await networks.recover([]);
  const runtime = openRuntime({ runDir: run, cgroupParent: 'wharf' });
  const build = openBuild({ root, run, state, leases, snapshots, images, networks, runtime, registry });
  if (images.find('busybox:latest') === undefined) {
    await images.importTree(Readable.from([busyboxTar(dir)]), { reference: 'busybox:latest' });
  }
  const lab: BuildLab = {
    dir,
    state,
    images,
    snapshots,
    build,
    context: (files) => writeContext(dir, files),
    run: async ({ files, ...request }) => {
      let output = '';
      const onLine: BuildRequest['onLine'] = (line) => {
        output += line.stream ?? '';
      };
      try {
        const context = request.context ?? { dir: writeContext(dir, files ?? {}) };
        const tell: BuildRequest['onLine'] = (line) => {
          onLine?.(line);
          request.onLine?.(line);
        };
        const { imageId } = await build.run({ ...request, context, onLine: tell });
        return { output, image: images.resolve(imageId) };
      } catch (thrown) {
        return { output, error: thrown instanceof Error ? thrown : new Error(String(thrown)) };
      }
    },
    files: (image) => listFiles(lab, image),
    contents: (image) => readAll(lab, image),
    text: (image, path) => textOf(lab, image, path),
    mountsInside: () =>
      observeMounts().flatMap(({ target }) => (target.startsWith(`${dir}/root`) ? [target] : [])),
    [Symbol.asyncDispose]: async () => {
      await networks[Symbol.asyncDispose]();
      await runtime[Symbol.asyncDispose]();
      await snapshots[Symbol.asyncDispose]();
      registry[Symbol.dispose]();
      await state[Symbol.asyncDispose]();
      unmountUnder(dir);
      spawnSync('ip', ['link', 'delete', bridge], { stdio: 'ignore' });
      for (const family of ['inet', 'bridge'])
        spawnSync('nft', ['delete', 'table', family, `wharf_${bridge}`], { stdio: 'ignore' });
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return lab;
}

function listFiles(lab: BuildLab, image: ImageRecord): Record<string, string> {
  // As the layers are: a mounted snapshot has places for a container's mounts besides.
  using mounted = mountReadOnly(lab.snapshots.lowersOf(image.chainId), mkdtempSync(join(lab.dir, 'look-')));
  const text = execFileSync('find', ['.', '-mindepth', '1', '-printf', '%P\t%y %m %U:%G %l\n'], {
    cwd: mounted.path,
  }).toString();
  const found: Record<string, string> = {};
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [path = '', rest = ''] = line.split('\t');
    if (!path.startsWith('bin/')) found[path] = rest.trim();
  }
  return found;
}

function readAll(lab: BuildLab, image: ImageRecord): Record<string, string> {
  using mounted = mountReadOnly(lab.snapshots.lowersOf(image.chainId), mkdtempSync(join(lab.dir, 'look-')));
  const names = readdirSync(mounted.path, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name).slice(mounted.path.length + 1);
    return entry.isFile() && !path.startsWith('bin/') ? [path] : [];
  });
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(mounted.path, name), 'utf8')]));
}

function textOf(lab: BuildLab, image: ImageRecord, path: string): string {
  using mounted = mountReadOnly(lab.snapshots.lowersOf(image.chainId), mkdtempSync(join(lab.dir, 'look-')));
  return readFileSync(join(mounted.path, path), 'utf8');
}
