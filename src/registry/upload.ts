// Pushing: a blob with HEAD, mount, or POST and one PUT; a manifest with PUT (distribution-spec, "Push").
import type { Readable } from 'node:stream';
import type { Digest } from '#shared/oci/digest.ts';
import type { Descriptor } from '#shared/oci/specs.ts';
import { RegistryFailure } from './failures.ts';
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
  const started = await startUpload(wire, place, { mount: digest, from }).catch((thrown) => {
    if (thrown instanceof RegistryFailure && thrown.status !== undefined && thrown.status < 500)
      return undefined;
    throw thrown;
  });
  return started === 'mounted';
}

/** Sends a blob whole; `open` must give its bytes from the start, each time it is called. */
export async function uploadBlob(
  wire: Wire,
  place: UploadPlace,
  blob: { descriptor: Pick<Descriptor, 'digest' | 'size'>; open: () => Readable },
): Promise<void> {
  const { repository, ...rest } = place;
  const started = await startUpload(wire, place, {});
  if (started === 'mounted') return;
  started.searchParams.set('digest', blob.descriptor.digest);
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': String(blob.descriptor.size),
  };
  const answer = await ask(wire, {
    ...rest,
    path: started.href,
    method: 'PUT',
    scope: scopeOf(repository),
    headers,
    body: blob.open,
  });
  answer.body.resume();
}

async function startUpload(
  wire: Wire,
  place: UploadPlace,
  query: Record<string, string>,
): Promise<URL | 'mounted'> {
  const { repository, ...rest } = place;
  const search = new URLSearchParams(query).toString();
  const path = `/v2/${repository}/blobs/uploads/${search === '' ? '' : `?${search}`}`;
  const headers = { 'content-length': '0' };
  const answer = await ask(wire, { ...rest, path, method: 'POST', scope: scopeOf(repository), headers });
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
