// What the image tests stand on: a room of images in its own folder, small images, and Debian's docker-registry.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { type Images, openImages } from '#engine/images/images.ts';
import type { ImageUser } from '#engine/images/record.ts';
import { openRegistry, type RegistryOptions } from '#registry/registry.ts';
import { type ContentStore, openContent } from '#storage/content/content.ts';
import { openSnapshots, type Snapshots } from '#storage/snapshots/snapshots.ts';
import { type Leases, openLeases } from '#storage/state/leases.ts';
import { openState } from '#storage/state/state.ts';
import { dockerRegistryProgram } from '../../scripts/hub/peer.ts';

export interface ImageHost extends AsyncDisposable {
  images: Images;
  content: ContentStore;
  snapshots: Snapshots;
  leases: Leases;
  events: { action: string; id: string }[];
  /** Changed by a test: who uses which image. */
  users: Map<string, ImageUser[]>;
}

export interface HostOptions extends RegistryOptions {
  downloadsAtOnce?: number;
  uploadsAtOnce?: number;
}

/** Opens the stores in `dir` as an engine would, with recovery. */
export async function openHost(
  dir: string,
  { downloadsAtOnce, uploadsAtOnce, ...registry }: HostOptions = {},
): Promise<ImageHost> {
  const state = openState(join(dir, 'state.db'));
  const leases = openLeases(state);
  const content = openContent(join(dir, 'content'));
  const snapshots = openSnapshots({ dir: join(dir, 'snapshots'), state, leases });
  snapshots.recover({ keepMounted: new Set() });
  const client = openRegistry({ idleTimeoutMs: 3_000, ...registry });
  const events: ImageHost['events'] = [];
  const users = new Map<string, ImageUser[]>();
  const images = openImages({
    state,
    leases,
    content,
    snapshots,
    registry: client,
    events: { emit: (_, action, id) => void events.push({ action, id }) },
    usersOf: (id) => users.get(id) ?? [],
    scratchDir: dir,
    ...(downloadsAtOnce === undefined ? {} : { downloadsAtOnce }),
    ...(uploadsAtOnce === undefined ? {} : { uploadsAtOnce }),
  });
  await images.recover();
  return {
    images,
    content,
    snapshots,
    leases,
    events,
    users,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await snapshots.drain();
      await state[Symbol.asyncDispose]();
    },
  };
}

/** A folder of its own that goes with the test. */
export function scratch(): { dir: string } & Disposable {
  const dir = mkdtempSync(join(tmpdir(), 'wharf-images-'));
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) };
}

export type Files = Record<string, string>;

export async function tarOf(files: Files): Promise<Buffer> {
  const stream = pack();
  const read = buffer(stream);
  for (const [name, text] of Object.entries(files)) stream.entry({ name, mtime: new Date(0) }, text);
  stream.finalize();
  return await read;
}

export const digestOf = (bytes: Buffer): `sha256:${string}` =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export interface MadeImage {
  config: Buffer;
  layers: { bytes: Buffer; mediaType: string; diffId: string }[];
  manifest: Buffer;
}

const zipped = {
  gzip: { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', zip: (tar: Buffer) => gzipSync(tar) },
  zstd: {
    mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd',
    zip: (tar: Buffer) => zstdCompressSync(tar),
  },
  plain: { mediaType: 'application/vnd.oci.image.layer.v1.tar', zip: (tar: Buffer) => tar },
};

/** An image with a layer for each of `layers`, as its blobs. */
export async function makeImage(
  layers: { files: Files; as?: keyof typeof zipped }[],
  extra: object = {},
): Promise<MadeImage> {
  const made = await Promise.all(
    layers.map(async ({ files, as = 'gzip' }) => {
      const tar = await tarOf(files);
      return { bytes: zipped[as].zip(tar), mediaType: zipped[as].mediaType, diffId: digestOf(tar) };
    }),
  );
  const config = Buffer.from(
    JSON.stringify({
      created: '2026-01-02T03:04:05Z',
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: { Cmd: ['/bin/true'], Labels: { made: 'here' } },
      rootfs: { type: 'layers', diff_ids: made.map(({ diffId }) => diffId) },
      history: [
        ...made.map((_, index) => ({ created: '2026-01-02T03:04:05Z', created_by: `layer ${index}` })),
        { created: '2026-01-02T03:04:05Z', created_by: 'CMD ["/bin/true"]', empty_layer: true },
      ],
      ...extra,
    }),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: digestOf(config),
        size: config.length,
      },
      layers: made.map(({ bytes, mediaType }) => ({
        mediaType,
        digest: digestOf(bytes),
        size: bytes.length,
      })),
    }),
  );
  return { config, layers: made, manifest };
}

/** The image as an OCI layout in a tar, named where a name is given. */
export async function archiveOf(image: MadeImage, name?: string): Promise<Buffer> {
  const blob = (bytes: Buffer): [string, Buffer] => [`blobs/sha256/${digestOf(bytes).slice(7)}`, bytes];
  const descriptor = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: digestOf(image.manifest),
    size: image.manifest.length,
    ...(name === undefined ? {} : { annotations: { 'io.containerd.image.name': name } }),
  };
  const stream = pack();
  const read = buffer(stream);
  const entries: [string, Buffer][] = [
    ['oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')],
    ['index.json', Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }))],
    ...[...image.layers.map(({ bytes }) => bytes), image.config, image.manifest].map(blob),
  ];
  for (const [entryName, bytes] of entries) stream.entry({ name: entryName }, bytes);
  stream.finalize();
  return await read;
}

/** Files; with `clientcas` a client must show a certificate. */
export interface RegistryTls {
  certificate: string;
  key: string;
  clientcas?: string[];
}

export interface RegistryServer extends AsyncDisposable {
  /** `127.0.0.1:<port>`. */
  host: string;
}

/** Starts Debian's `docker-registry` on a free port, with its files in `dir`. */
export async function startRegistry(dir: string, tls?: RegistryTls): Promise<RegistryServer> {
  mkdirSync(dir, { recursive: true });
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(dir, 'registry') }, delete: { enabled: true } },
    http: { addr: host, ...(tls === undefined ? {} : { tls }) },
  };
  const file = join(dir, 'registry.json');
  writeFileSync(file, JSON.stringify(config));
  const child = spawn(dockerRegistryProgram(), ['serve', file], { stdio: 'ignore' });
  await untilAnswers(host, child);
  return {
    host,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode === null && child.kill('SIGKILL')) await ended;
    },
  };
}

async function untilAnswers(host: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (child.exitCode !== null) throw new Error(`docker-registry ended with ${child.exitCode}`);
    const answer = await fetch(`http://${host}/v2/`).catch(() => undefined);
    if (answer !== undefined) return;
    await sleep(50);
  }
  child.kill('SIGKILL');
  throw new Error('docker-registry did not answer within 5 s');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}
