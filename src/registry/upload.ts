// Pushing: a blob with HEAD, mount, or POST and one PUT; a manifest with PUT (distribution-spec, "Push").
import type { Readable } from 'node:stream';
import type { Digest } from '#shared/oci/digest.ts';
import type { Descriptor } from '#shared/oci/specs.ts';
import { RegistryFailure } from './failures.ts';
import { isWorthRetrying, pauseBefore, type RetryPolicy, throwIfCancelled } from './retry.ts';
import { ask, type Question, type Wire } from './session.ts';

export type UploadPlace = Pick<Question, 'endpoint' | 'auth' | 'signal'> & { repository: string };

const scopeOf = (repository: string): string => `repository:${repository}:pull,push`;

/** True where the repository has the blob. */
export async function hasBlob(wire: Wire, place: UploadPlace, digest: Digest): Promise<boolean> {
  const { repository, ...rest } = place;
  const path = `/v2/${repository}/blobs/${digest}`;
  try {
    const answer = await ask(wire, { ...rest, path, method: 'HEAD', scope: scopeOf(repository) });
    answer.body.resume();
    return true;
  } catch (thrown) {
    if (thrown instanceof RegistryFailure && thrown.status === 404) return false;
    throw thrown;
  }
}

/** Asks for the blob of another repository of the same registry; true where that worked, and nothing is to be sent. */
export async function mountBlob(
  wire: Wire,
  place: UploadPlace,
  digest: Digest,
  from: string,
): Promise<boolean> {
  const scope = `${scopeOf(place.repository)} repository:${from}:pull`;
  const started = await startUpload(wire, place, { query: { mount: digest, from }, scope }).catch(
    (thrown) => {
      if (thrown instanceof RegistryFailure && thrown.status !== undefined && thrown.status < 500)
        return undefined;
      throw thrown;
    },
  );
  return started === 'mounted';
}

export interface UploadedBlob {
  descriptor: Pick<Descriptor, 'digest' | 'size'>;
  /** The bytes from `start` on, anew at each call. */
  open: (start: number) => Readable;
}

/** Sends a blob. Where the connection breaks, it goes on with what the registry has not got. */
export async function uploadBlob(
  wire: Wire,
  place: UploadPlace,
  blob: UploadedBlob,
  { policy }: { policy: RetryPolicy },
): Promise<void> {
  const started = await startUpload(wire, place, { query: {} });
  if (started === 'mounted') return;
  let at: UploadState = { location: started, offset: 0 };
  for (let fruitless = 0, tried = 1; ; tried++) {
    try {
      return await sendFrom(wire, place, blob, at);
    } catch (thrown) {
      throwIfCancelled(place.signal);
      const isBroken = isWorthRetrying(thrown, policy) && thrown.status === undefined;
      if (!isBroken || tried >= 20 || fruitless >= policy.attempts) throw thrown;
      await pauseBefore(fruitless + 1, thrown, { policy, signal: place.signal });
      const now = await stateOf(wire, place, at.location);
      // The registry knows the upload no more: begin anew, which is for the caller's retries.
      if (now === undefined) throw thrown;
      fruitless = now.offset > at.offset ? 0 : fruitless + 1;
      at = now;
    }
  }
}

interface UploadState {
  location: URL;
  /** How many bytes the registry has. */
  offset: number;
}

/** The rest of a blob with the PUT that ends the upload (distribution-spec, "Pushing a blob in chunks"). */
async function sendFrom(
  wire: Wire,
  place: UploadPlace,
  { descriptor: { digest, size }, open }: UploadedBlob,
  { location, offset }: UploadState,
): Promise<void> {
  const { repository, ...rest } = place;
  const url = new URL(location);
  url.searchParams.set('digest', digest);
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': String(size - offset),
    ...(offset > 0 && offset < size ? { 'content-range': `${offset}-${size - 1}` } : {}),
  };
  const body = () => open(offset);
  const answer = await ask(wire, {
    ...rest,
    path: url.href,
    method: 'PUT',
    scope: scopeOf(repository),
    headers,
    body,
  });
  answer.body.resume();
}

/** How far an upload got; undefined where the registry does not say. */
async function stateOf(wire: Wire, place: UploadPlace, location: URL): Promise<UploadState | undefined> {
  const { repository, ...rest } = place;
  const path = location.href;
  const answer = await ask(wire, { ...rest, path, scope: scopeOf(repository) }).catch(() => undefined);
  if (answer === undefined) return undefined;
  answer.body.resume();
  const end = /^(?:bytes=)?0-(\d+)$/.exec(answer.headers.range ?? '')?.[1];
  const next = answer.headers.location;
  if (next !== undefined && !URL.canParse(next, answer.url.href)) return undefined;
  const offset = end === undefined || end === '0' ? 0 : Number(end) + 1;
  return { location: next === undefined ? location : new URL(next, answer.url), offset };
}

async function startUpload(
  wire: Wire,
  place: UploadPlace,
  { query, scope }: { query: Record<string, string>; scope?: string },
): Promise<URL | 'mounted'> {
  const { repository, ...rest } = place;
  const search = new URLSearchParams(query).toString();
  const path = `/v2/${repository}/blobs/uploads/${search === '' ? '' : `?${search}`}`;
  const headers = { 'content-length': '0' };
  const answer = await ask(wire, {
    ...rest,
    path,
    method: 'POST',
    scope: scope ?? scopeOf(repository),
    headers,
  });
  answer.body.resume();
  if (answer.status === 201) return 'mounted';
  const location = answer.headers.location;
  if (location === undefined || !URL.canParse(location, answer.url.href)) {
    throw new RegistryFailure('unavailable', `Post "${answer.url.href}": no location for the upload`);
  }
  return new URL(location, answer.url);
}

/** Puts a manifest under a tag or its digest. */
export async function putManifest(
  wire: Wire,
  place: UploadPlace,
  manifest: { target: string; mediaType: string; bytes: Buffer },
): Promise<void> {
  const { repository, ...rest } = place;
  const headers = { 'content-type': manifest.mediaType, 'content-length': String(manifest.bytes.length) };
  const path = `/v2/${repository}/manifests/${manifest.target}`;
  const body = () => manifest.bytes;
  const answer = await ask(wire, { ...rest, path, method: 'PUT', scope: scopeOf(repository), headers, body });
  answer.body.resume();
}
