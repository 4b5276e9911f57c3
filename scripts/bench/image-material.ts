// The images that the transfer rows move: one big layer, twelve of medium size, and one of 20,000 small files.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export interface Blob {
  path: string;
  digest: string;
  sizeBytes: number;
}

export interface MaterialLayer extends Blob {
  /** The plain tar; its digest is the layer's diff ID. */
  tar: Blob;
}

export type Shape = 'one' | 'twelve' | 'small' | 'saved';

const million = 1_000_000;

const layerBytes = {
  one: [909 * million],
  twelve: Array<number>(12).fill(70 * million),
  saved: [300 * million],
};

/** Layers made of this machine's own files, as tars and as gzip, in `dir`. */
export async function makeMaterial(dir: string, shape: Shape): Promise<MaterialLayer[]> {
  await mkdir(dir, { recursive: true });
  if (shape === 'small') return [await smallFiles(dir)];
  const found = await filesBelow(['/usr/lib', '/usr/share', '/usr/bin']);
  const lists = layerBytes[shape].map((bytes) => take(found, bytes));
  return await layersOf(dir, shape, lists);
}

interface Found {
  path: string;
  sizeBytes: number;
}

async function filesBelow(roots: string[]): Promise<Found[]> {
  const args = [...roots, '-xdev', '-type', 'f', '-size', '+7k', '-size', '-40000k', '-printf', '%s %p\\n'];
  const { stdout } = await execute('find', args, { maxBuffer: 256 * million });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .sort((a, b) => (a.slice(a.indexOf(' ')) < b.slice(b.indexOf(' ')) ? -1 : 1))
    .map((line) => ({ sizeBytes: Number.parseInt(line, 10), path: line.slice(line.indexOf(' ') + 1) }));
}

/** Takes files off the list until they have that many bytes. */
function take(from: Found[], bytes: number): string[] {
  const taken: string[] = [];
  for (let left = bytes; left > 0; ) {
    const next = from.shift();
    if (next === undefined) throw new Error('this machine has too few files for the bench');
    taken.push(next.path);
    left -= next.sizeBytes;
  }
  return taken;
}

async function layersOf(dir: string, name: string, lists: string[][]): Promise<MaterialLayer[]> {
  const layers: MaterialLayer[] = [];
  for (const [at, list] of lists.entries()) {
    const names = join(dir, 'names');
    await writeFile(names, list.map((path) => path.slice(1)).join('\n'));
    layers.push(await packed(join(dir, `${name}-${at}.tar`), ['-C', '/', '-T', names]));
  }
  return layers;
}

async function smallFiles(dir: string): Promise<MaterialLayer> {
  const root = join(dir, 'small');
  const filler = (await readdir('/usr/bin')).join('\n');
  for (let folder = 0; folder < 200; folder++) {
    const at = join(root, `folder-${folder}`);
    await mkdir(at, { recursive: true });
    for (let file = 0; file < 100; file++) {
      const start = (folder * 131 + file * 17) % (filler.length - 3000);
      await writeFile(
        join(at, `file-${file}.js`),
        `// ${folder}/${file}\n${filler.slice(start, start + 2500)}`,
      );
    }
  }
  return await packed(join(dir, 'small.tar'), ['-C', root, '.']);
}

async function packed(path: string, what: string[]): Promise<MaterialLayer> {
  await execute('tar', ['--sort=name', '--owner=0', '--group=0', '-cf', path, ...what]);
  await execute('sh', [
    '-c',
    'igzip -1 -c "$1" > "$1.gz" 2>/dev/null || gzip -1 -nc "$1" > "$1.gz"',
    'sh',
    path,
  ]);
  return { ...(await blobAt(`${path}.gz`)), tar: await blobAt(path) };
}

export async function blobAt(path: string): Promise<Blob> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return { path, digest: `sha256:${hash.digest('hex')}`, sizeBytes: (await stat(path)).size };
}

/** Puts an image of these layers into a registry without login. */
export async function publish(
  host: string,
  repository: string,
  layers: readonly MaterialLayer[],
): Promise<void> {
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: { Cmd: ['true'] },
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.tar.digest) },
    }),
  );
  const upload = async (digest: string, body: Buffer | ReturnType<typeof createReadStream>, size: number) => {
    const started = await fetch(`http://${host}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    const location = new URL(started.headers.get('location') ?? '', `http://${host}`);
    location.searchParams.set('digest', digest);
    const headers = { 'content-type': 'application/octet-stream', 'content-length': String(size) };
    const init = { method: 'PUT', headers, body, duplex: 'half' };
    const answer = await fetch(location, init as RequestInit);
    if (answer.status !== 201)
      throw new Error(`upload of ${digest}: ${answer.status} ${await answer.text()}`);
  };
  for (const { path, digest, sizeBytes } of layers) await upload(digest, createReadStream(path), sizeBytes);
  const configDigest = `sha256:${createHash('sha256').update(config).digest('hex')}`;
  await upload(configDigest, config, config.length);
  const docker = 'application/vnd.docker';
  const mediaType = `${docker}.distribution.manifest.v2+json`;
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: { mediaType: `${docker}.container.image.v1+json`, digest: configDigest, size: config.length },
    layers: layers.map(({ digest, sizeBytes }) => ({
      mediaType: `${docker}.image.rootfs.diff.tar.gzip`,
      digest,
      size: sizeBytes,
    })),
  };
  const answer = await fetch(`http://${host}/v2/${repository}/manifests/latest`, {
    method: 'PUT',
    headers: { 'content-type': mediaType },
    body: JSON.stringify(manifest),
  });
  if (answer.status !== 201)
    throw new Error(`manifest of ${repository}: ${answer.status} ${await answer.text()}`);
}
