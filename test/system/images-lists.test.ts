// What a registry has under a name: its tags page by page, and what refers to a manifest.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { openRegistry } from '#registry/registry.ts';
import { isKind } from '#shared/errors.ts';
import { call, ociManifest, serveIn } from './hub-fixture.ts';
import {
  archiveOf,
  digestOf,
  makeImage,
  openHost,
  type RegistryServer,
  scratch,
  startRegistry,
} from './images-fixture.ts';

const place = scratch();
let debian: RegistryServer;
let hub: Awaited<ReturnType<typeof serveIn>>;
const tags = ['1', '2', '3.12-slim', 'b', 'latest'];

before(async () => {
  debian = await startRegistry(join(place.dir, 'debian'));
  hub = await serveIn(join(place.dir, 'hub'));
  await using host = await openHost(join(place.dir, 'host'));
  const made = await makeImage([{ files: { a: 'a' } }]);
  for (const registry of [debian.host, new URL(hub.url).host]) {
    for (const tag of tags) {
      const name = `${registry}/team/app:${tag}`;
      await host.images.load(Readable.from([await archiveOf(made, name)]));
      await host.images.push({ reference: name });
    }
  }
});

after(async () => {
  await hub?.[Symbol.asyncDispose]();
  await debian?.[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

test('Listing Tags: every page, from the Hub and from docker-registry', async () => {
  using client = openRegistry();
  for (const registry of [debian.host, new URL(hub.url).host]) {
    const found: string[][] = [];
    let last: string | undefined;
    do {
      const page = await client.tags({ registry, repository: 'team/app' }, { count: 2, last });
      found.push(page.tags);
      last = page.next;
    } while (last !== undefined && found.length < 10);
    assert.deepEqual(found.flat().sort(), tags, registry);
    // Docker-registry 2.8 gives all at once, in no order.
    if (registry !== debian.host) assert.ok(found.length === 3 && found.every((page) => page.length <= 2));
    const missing = client.tags({ registry, repository: 'team/none' }, { count: 2 });
    await assert.rejects(missing, (thrown) => isKind(thrown, 'not-found'));
  }
});

test('Listing Referrers: by the end-point, by the tag of older registries, and none', async () => {
  using client = openRegistry();
  const registry = new URL(hub.url).host;
  const ref = { registry, repository: 'team/app', tag: '1' };
  const subject = (await client.manifest(ref)).descriptor;
  assert.deepEqual(await client.referrers(ref, subject.digest), []);
  const empty = Buffer.from('{}');
  await client.uploadBlob(ref, {
    descriptor: { digest: digestOf(empty), size: empty.length },
    open: (start) => Readable.from([empty.subarray(start)]),
  });
  const blob = {
    mediaType: 'application/vnd.oci.empty.v1+json',
    digest: digestOf(empty),
    size: empty.length,
  };
  const signature = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: ociManifest,
      artifactType: 'application/x-signature',
      config: blob,
      layers: [blob],
      subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    }),
  );
  await client.putManifest(ref, { target: digestOf(signature), mediaType: ociManifest, bytes: signature });
  const [found] = await client.referrers(ref, subject.digest);
  assert.equal(found?.digest, digestOf(signature));
  assert.equal(found?.artifactType, 'application/x-signature');
  // Docker-registry 2.8 does not know the end-point.
  const old = { registry: debian.host, repository: 'team/app', tag: '1' };
  assert.deepEqual(await client.referrers(old, subject.digest), []);
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [{ ...subject, artifactType: 'application/x-note' }],
  });
  const put = await call(
    `http://${debian.host}`,
    `/v2/team/app/manifests/sha256-${subject.digest.slice(7)}`,
    {
      method: 'PUT',
      headers: { 'content-type': 'application/vnd.oci.image.index.v1+json' },
      body: Buffer.from(index),
    },
  );
  assert.equal(put.status, 201);
  assert.equal((await client.referrers(old, subject.digest))[0]?.artifactType, 'application/x-note');
});
