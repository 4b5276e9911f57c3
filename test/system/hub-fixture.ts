// What the Hub's tests stand on: a Hub on a free port in its own folder, plain HTTP calls, and small images.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import { type ServedHub, type ServeOptions, serveHub } from '../../src/hub/serve.ts';

export const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
export const ociIndex = 'application/vnd.oci.image.index.v1+json';

/** A folder of its own that goes with the test. */
export function scratch(): { dir: string } & Disposable {
  const dir = mkdtempSync(join(tmpdir(), 'wharf-hub-'));
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) };
}

export function serveIn(dir: string, options: Partial<ServeOptions> = {}): Promise<ServedHub> {
  return serveHub({ addr: '127.0.0.1:0', root: join(dir, 'hub'), collectEveryMs: 0, ...options });
}

export const digestOf = (bytes: Uint8Array): `sha256:${string}` =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** Code of the first error in the body, where it has one. */
  code: string | undefined;
}

export interface Call {
  method?: string;
  headers?: Record<string, string>;
  body?: Buffer | string;
}

/** One request with the path exactly as given: nothing is resolved or encoded on the way. */
export async function call(
  base: string,
  path: string,
  { method = 'GET', headers = {}, body }: Call = {},
): Promise<Reply> {
  const { hostname, port } = new URL(base);
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  return await new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers: { ...length, ...headers }, agent: false });
    sent.on('error', reject);
    sent.on('response', async (response) => {
      const received = await buffer(response).catch(reject);
      if (received === undefined) return;
      const { statusCode = 0, headers: answered } = response;
      resolve({ status: statusCode, headers: answered, body: received, code: codeIn(received) });
    });
    sent.end(body);
  });
}

function codeIn(body: Buffer): string | undefined {
  try {
    return JSON.parse(body.toString('utf8')).errors?.[0]?.code;
  } catch {
    return undefined;
  }
}

/** Pushes a blob in one PUT; the answer to it. */
export async function pushBlob(base: string, repository: string, bytes: Buffer): Promise<Reply> {
  const started = await call(base, `/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  const place = `${started.headers.location}?digest=${digestOf(bytes)}`;
  return await call(base, place, { method: 'PUT', body: bytes });
}

export interface MadeImage {
  config: Buffer;
  layers: Buffer[];
  manifest: Buffer;
  digest: `sha256:${string}`;
}

/** An image whose layers are the given bytes; `extra` goes into its manifest. */
export function makeImage(layers: Buffer[], extra: object = {}, history: object[] = []): MadeImage {
  const rootfs = { type: 'layers', diff_ids: layers.map(digestOf) };
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs, history }));
  const describe = (mediaType: string, bytes: Buffer) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: ociManifest,
      config: describe('application/vnd.oci.image.config.v1+json', config),
      layers: layers.map((layer) => describe('application/vnd.oci.image.layer.v1.tar', layer)),
      ...extra,
    }),
  );
  return { config, layers, manifest, digest: digestOf(manifest) };
}

export function putManifest(
  base: string,
  target: { repository: string; reference: string; type?: string },
  body: Buffer,
): Promise<Reply> {
  const headers = { 'content-type': target.type ?? ociManifest };
  return call(base, `/v2/${target.repository}/manifests/${target.reference}`, {
    method: 'PUT',
    body,
    headers,
  });
}

/** Pushes everything of the image; the answer to its manifest. */
export async function pushImage(
  base: string,
  repository: string,
  image: MadeImage & { reference?: string },
): Promise<Reply> {
  for (const blob of [...image.layers, image.config]) await pushBlob(base, repository, blob);
  return await putManifest(base, { repository, reference: image.reference ?? 'latest' }, image.manifest);
}

export interface HubProcess {
  url: string;
  child: ChildProcess;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
}

/** A Hub in a process of its own, to be killed. */
export async function spawnHub(dir: string, options: Partial<ServeOptions> = {}): Promise<HubProcess> {
  const script = join(import.meta.dirname, '../../scripts/hub/serve.ts');
  const place = [join(dir, 'hub'), '127.0.0.1:0', JSON.stringify(options)];
  const args = ['--disable-warning=ExperimentalWarning', script, ...place];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`the hub ended with ${code}`)));
  });
  return {
    url,
    child,
    kill: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await gone;
    },
  };
}
