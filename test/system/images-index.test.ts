// Images of several platforms: what a pull keeps of an index, what a push sends of it, and what goes with it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { pack } from 'tar-stream';
import type { ShelvedImages } from '#engine/images/shelve.ts';
import type { ProgressLine } from '#shared/contract/image.ts';
import { isKind } from '#shared/errors.ts';
import { hostPlatform, parsePlatform } from '#shared/oci/platform.ts';
import { serveIn } from './hub-fixture.ts';
import {
  digestOf,
  type ImageHost,
  type MadeImage,
  makeImage,
  openHost,
  scratch,
  startRegistry,
} from './images-fixture.ts';

const place = scratch();
const here = hostPlatform().architecture;
const other = here === 'amd64' ? 'arm64' : 'amd64';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';

interface MadeIndex {
  children: { image: MadeImage; platform: object }[];
  index: Buffer;
}

function indexOf(children: MadeIndex['children']): MadeIndex {
  const manifests = children.map(({ image: { manifest }, platform }) => ({
    mediaType: manifestType,
    digest: digestOf(manifest),
    size: manifest.length,
    platform,
  }));
  return {
    children,
    index: Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests })),
  };
}

/** An image for this machine, one for another, and an attestation of the first. */
async function makeIndex(word: string): Promise<MadeIndex> {
  const linux = (architecture: string) => ({ os: 'linux', architecture });
  const shared = { files: { 'etc/shared': `for everybody ${word}` } };
  const image = (architecture: string) =>
    makeImage([shared, { files: { 'etc/arch': `${architecture} ${word}` } }], linux(architecture));
  const unknown = { os: 'unknown', architecture: 'unknown' };
  const children = [
    { image: await image(other), platform: linux(other) },
    { image: await image(here), platform: linux(here) },
    { image: await makeImage([{ files: { statement: word } }], unknown), platform: unknown },
  ];
  return indexOf(children);
}

const blobsOf = ({ image }: { image: MadeImage }): Buffer[] => [
  ...image.layers.map(({ bytes }) => bytes),
  image.config,
  image.manifest,
];

interface ArchiveExtras {
  children?: MadeIndex['children'];
  /** What Docker's list beside the index has. */
  listed?: { image: MadeImage; names: string[] }[];
  /** Another index of the same images. */
  twin?: { name: string; index: Buffer };
}

/** An OCI layout whose index.json names the index, as `docker save` and BuildKit write it. */
async function archiveOf(
  made: MadeIndex,
  name: string,
  { children = made.children, listed = [], twin }: ArchiveExtras = {},
): Promise<Readable> {
  const indexes = [{ name, index: made.index }, ...(twin === undefined ? [] : [twin])];
  const bytes = [...indexes.map(({ index }) => index), ...[...children, ...listed].flatMap(blobsOf)];
  const blobs = new Map(bytes.map((each) => [digestOf(each), each]));
  const manifests = indexes.map(({ name, index }) => ({
    mediaType: indexType,
    digest: digestOf(index),
    size: index.length,
    annotations: { 'io.containerd.image.name': name },
  }));
  const stream = pack();
  const read = buffer(stream);
  stream.entry({ name: 'oci-layout' }, '{"imageLayoutVersion":"1.0.0"}');
  stream.entry({ name: 'index.json' }, JSON.stringify({ schemaVersion: 2, manifests }));
  for (const [digest, bytes] of blobs) stream.entry({ name: nameOfBlob(digest) }, bytes);
  if (listed.length > 0) stream.entry({ name: 'manifest.json' }, JSON.stringify(listed.map(itemOf)));
  stream.finalize();
  return Readable.from([await read]);
}

const nameOfBlob = (digest: string): string => `blobs/sha256/${digest.slice(7)}`;

const itemOf = ({ image, names }: { image: MadeImage; names: string[] }): object => ({
  Config: nameOfBlob(digestOf(image.config)),
  RepoTags: names,
  Layers: image.layers.map(({ bytes }) => nameOfBlob(digestOf(bytes))),
});

// The Hub runs in this process: whoever waits for skopeo must let it answer.
const skopeo = async (...args: string[]): Promise<Buffer> =>
  (await promisify(execFile)('skopeo', args, { encoding: 'buffer', timeout: 60_000 })).stdout;

/** What skopeo sees under a name: the very bytes. */
const seenBySkopeo = (name: string): Promise<Buffer> =>
  skopeo('inspect', '--raw', '--tls-verify=false', `docker://${name}`);

const childOf = (made: MadeIndex, architecture: string): MadeImage => {
  const found = made.children.find(({ platform }) => JSON.stringify(platform).includes(architecture));
  assert.ok(found);
  return found.image;
};

const isInfoOfLack = ({ status }: ProgressLine): boolean =>
  status?.startsWith('Not all multiplatform-content is present') ?? false;

async function pushed(host: ImageHost, reference: string): Promise<ProgressLine[]> {
  const lines: ProgressLine[] = [];
  await host.images.push({ reference, onProgress: (line) => lines.push(line) });
  return lines;
}

const servers: Record<string, () => Promise<{ host: string } & AsyncDisposable>> = {
  'Debian’s docker-registry': () => startRegistry(join(place.dir, 'debian')),
  'the Hub': async () => {
    const hub = await serveIn(place.dir);
    return { host: new URL(hub.url).host, [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose]() };
  },
};

after(() => place[Symbol.dispose]());

for (const [title, start] of Object.entries(servers)) {
  describe(title, () => {
    let server: { host: string } & AsyncDisposable;
    let made: MadeIndex;
    let source: string;
    const dirOf = (name: string): string => join(place.dir, `${title.slice(-3)}-${name}`);

    before(async () => {
      server = await start();
      made = await makeIndex('one');
      source = `${server.host}/team/source:1`;
      await using maker = await openHost(dirOf('maker'));
      const [image] = await maker.images.load(await archiveOf(made, source));
      assert.equal(image?.id, digestOf(childOf(made, here).config));
      assert.deepEqual((await pushed(maker, source)).filter(isInfoOfLack), []);
    });

    after(() => server?.[Symbol.asyncDispose]());

    test('an index loaded from an archive is pushed whole, with the digest it had', async () => {
      assert.equal(digestOf(await seenBySkopeo(source)), digestOf(made.index));
      const attested = `${server.host}/team/source@${digestOf(childOf(made, 'unknown').manifest)}`;
      assert.equal(digestOf(await seenBySkopeo(attested)), digestOf(childOf(made, 'unknown').manifest));
    });

    test('a pull of every platform is tagged and pushed on whole, and another client copies all of it', async () => {
      await using host = await openHost(dirOf('all'));
      const image = await host.images.pull({ reference: source, allPlatforms: true });
      assert.equal(image.id, digestOf(childOf(made, here).config));
      for (const blob of made.children.flatMap(blobsOf)) assert.ok(host.content.has(digestOf(blob)));
      const target = `${server.host}/team/target:2`;
      host.images.tag(source, target);
      assert.deepEqual((await pushed(host, target)).filter(isInfoOfLack), []);
      assert.deepEqual(await seenBySkopeo(target), made.index);
      assert.ok(
        host.images
          .resolve(target)
          .repoDigests.includes(`${server.host}/team/target@${digestOf(made.index)}`),
      );
      const layout = `oci:${dirOf('copy')}:all`;
      await skopeo('copy', '--all', '--src-tls-verify=false', `docker://${target}`, layout);
    });

    test('one platform of it is pushed alone, and one that it lacks is told', async () => {
      await using host = await openHost(dirOf('one'));
      await host.images.pull({ reference: source, allPlatforms: true });
      const target = `${server.host}/team/single:1`;
      host.images.tag(source, target);
      for (const architecture of [other, here]) {
        await host.images.push({ reference: target, platform: { os: 'linux', architecture } });
        assert.equal(digestOf(await seenBySkopeo(target)), digestOf(childOf(made, architecture).manifest));
      }
      const asked = host.images.push({ reference: target, platform: { os: 'linux', architecture: 's390x' } });
      await assert.rejects(asked, (thrown: Error) => {
        const lack = 'was found but does not provide the specified platform (linux/s390x)';
        assert.equal(thrown.message, `image with reference ${target} ${lack}`);
        return isKind(thrown, 'not-found');
      });
    });

    test('a plain pull keeps the index but not the other platforms; the push says so, and sends what is here', async () => {
      await using host = await openHost(dirOf('plain'));
      await host.images.pull({ reference: source });
      assert.ok(host.content.has(digestOf(made.index)));
      assert.equal(host.content.has(digestOf(childOf(made, other).manifest)), false);
      const target = `${server.host}/team/partial:1`;
      host.images.tag(source, target);
      const told = (await pushed(host, target)).filter(isInfoOfLack);
      assert.equal(told.length, 1);
      const mine = digestOf(childOf(made, here).manifest);
      assert.ok(told[0]?.status?.endsWith(`${digestOf(made.index)} -> ${mine}`));
      assert.equal(digestOf(await seenBySkopeo(target)), mine);
      await assert.rejects(
        host.images.push({ reference: target, platform: { os: 'linux', architecture: other } }),
        /does not provide the specified platform/,
      );
      // The rest comes later, and the same name is then pushed whole.
      await host.images.pull({ reference: source, allPlatforms: true });
      assert.deepEqual((await pushed(host, target)).filter(isInfoOfLack), []);
      assert.deepEqual(await seenBySkopeo(target), made.index);
    });

    test('a kept index survives a restart, a plain pull and prune, and goes with its image', async () => {
      const dir = dirOf('restart');
      {
        await using host = await openHost(dir);
        await host.images.pull({ reference: source, allPlatforms: true });
        await host.images.pull({ reference: source });
        await host.images.prune();
      }
      await using host = await openHost(dir);
      const every = [made.index, ...made.children.flatMap(blobsOf)].map(digestOf);
      for (const digest of every) assert.ok(host.content.has(digest), digest);
      await host.images.remove(source);
      assert.deepEqual(host.content.list(), []);
      assert.deepEqual(host.images.list(), []);
    });

    test('a blob that was lost is never promised to the registry', async () => {
      await using host = await openHost(dirOf('lost'));
      await host.images.pull({ reference: source, allPlatforms: true });
      const [layer] = childOf(made, other).layers.slice(-1);
      assert.ok(layer);
      rmSync(host.content.path(digestOf(layer.bytes)));
      const target = `${server.host}/team/lost:1`;
      host.images.tag(source, target);
      assert.equal((await pushed(host, target)).filter(isInfoOfLack).length, 1);
      assert.equal(digestOf(await seenBySkopeo(target)), digestOf(childOf(made, here).manifest));
      await host.images.pull({ reference: source, allPlatforms: true });
      await host.images.push({ reference: target });
      assert.deepEqual(await seenBySkopeo(target), made.index);
    });

    test('a push and a pull that are cut leave no torn index behind, and succeed when tried again', async () => {
      await using host = await openHost(dirOf('cut'));
      const stopPull = new AbortController();
      const pulling = host.images.pull({
        reference: source,
        allPlatforms: true,
        signal: stopPull.signal,
        onProgress: ({ status }) => status === 'Download complete' && stopPull.abort(),
      });
      await assert.rejects(pulling, (thrown) => isKind(thrown, 'cancelled'));
      assert.deepEqual(host.content.list(), []);
      const fresh = await makeIndex('two');
      const target = `${server.host}/team/cut:1`;
      await host.images.load(await archiveOf(fresh, target));
      const stopPush = new AbortController();
      const pushing = host.images.push({
        reference: target,
        signal: stopPush.signal,
        onProgress: ({ status }) => status === 'Pushed' && stopPush.abort(),
      });
      await assert.rejects(pushing);
      await assert.rejects(seenBySkopeo(target), /(manifest|name) unknown/);
      await host.images.push({ reference: target });
      assert.deepEqual(await seenBySkopeo(target), fresh.index);
    });

    test('indexes beside Docker’s list are kept, each by its names, and what only the list has is loaded', async () => {
      await using host = await openHost(dirOf('beside'));
      const [one, two, listedAlone] = ['one:1', 'two:1', 'alone:1'].map(
        (tag) => `${server.host}/team/${tag}`,
      );
      assert.ok(one && two && listedAlone);
      const index = Buffer.from(
        JSON.stringify({ ...JSON.parse(made.index.toString()), annotations: { a: 'b' } }),
      );
      const alone = await makeImage([{ files: { only: 'listed' } }]);
      const listed = [
        { image: childOf(made, here), names: [one, two] },
        { image: alone, names: [listedAlone] },
      ];
      await host.images.load(await archiveOf(made, one, { listed, twin: { name: two, index } }));
      for (const name of [one, two]) assert.deepEqual((await pushed(host, name)).filter(isInfoOfLack), []);
      assert.deepEqual(await seenBySkopeo(one), made.index);
      assert.deepEqual(await seenBySkopeo(two), index);
      assert.equal(host.images.resolve(listedAlone).id, digestOf(alone.config));
    });

    test('an archive with one platform of its index is loaded, saved and pushed as that platform', async () => {
      await using host = await openHost(dirOf('archive'));
      const target = `${server.host}/team/archive:1`;
      const mine = made.children.filter(({ platform }) => JSON.stringify(platform).includes(here));
      await host.images.load(await archiveOf(made, target, { children: mine }));
      assert.equal((await pushed(host, target)).filter(isInfoOfLack).length, 1);
      assert.equal(digestOf(await seenBySkopeo(target)), digestOf(childOf(made, here).manifest));
      await using again = await openHost(dirOf('again'));
      const [back] = await again.images.load(host.images.save([target]));
      assert.equal(back?.id, digestOf(childOf(made, here).config));
    });
  });
}

test('an index goes with the last name that means it, and comes back with that name', async () => {
  await using host = await openHost(join(place.dir, 'named'));
  const first = await makeIndex('named');
  // Of the same image for this machine, and another for the other.
  const change = await makeImage([{ files: { changed: 'yes' } }], { os: 'linux', architecture: other });
  const children = first.children.map((child) =>
    child.image === childOf(first, other) ? { ...child, image: change } : child,
  );
  const second = indexOf(children);
  const own = (made: MadeIndex): string[] =>
    [made.index, ...blobsOf({ image: childOf(made, other) })]
      .map(digestOf)
      .filter((digest) => !host.content.has(digest));
  for (const name of ['named:1', 'named:2']) await host.images.load(await archiveOf(first, name));
  await host.images.load(await archiveOf(second, 'named:2'));
  assert.deepEqual([own(first), own(second)], [[], []]);
  const shelf: { data?: ShelvedImages } = {};
  await host.images.shelve('named:1', {
    shelf: {
      put: (data, subjects) => {
        shelf.data = data;
        for (const subject of subjects) host.leases.hold(subject, 'trash:test');
      },
      drop: () => assert.fail('the name is gone'),
    },
  });
  assert.deepEqual(own(first), [], 'what can come back is kept');
  assert.ok(shelf.data);
  host.images.unshelve(shelf.data, () => host.leases.release('trash:test'));
  await host.images.prune();
  assert.deepEqual([own(first), own(second)], [[], []]);
  await host.images.remove('named:1');
  assert.deepEqual([own(first).length, own(second)], [4, []]);
  host.images.tag('named:2', 'named:3');
  await host.images.load(await archiveOf(first, 'named:2'));
  await host.images.remove('named:3');
  assert.deepEqual([own(first), own(second).length], [[], 4]);
  await host.images.remove('named:2');
  assert.deepEqual(host.content.list(), []);
});

test('load takes the platform that is asked for, and says where there is none', async () => {
  await using host = await openHost(join(place.dir, 'platform'));
  const made = await makeIndex('chosen');
  const load = async (platform: string) =>
    host.images.load(await archiveOf(made, 'team/chosen:1'), { platform: parsePlatform(platform) });
  const [image] = await load(`linux/${other}`);
  assert.equal(image?.id, digestOf(childOf(made, other).config));
  assert.equal((await load(`linux/${here}`))[0]?.id, digestOf(childOf(made, here).config));
  await assert.rejects(load('linux/s390x'), /no image for linux\/s390x/);
  // Docker's list has this machine's alone.
  const listed = [{ image: childOf(made, here), names: ['team/chosen:1'] }];
  const platform = parsePlatform(`linux/${other}`);
  const [beside] = await host.images.load(await archiveOf(made, 'team/chosen:1', { listed }), { platform });
  assert.equal(beside?.id, digestOf(childOf(made, other).config));
  const alone = (): Readable => host.images.save(['team/chosen:1']);
  await assert.rejects(host.images.load(alone(), { platform: parsePlatform('linux/s390x') }), {
    kind: 'not-found',
    message: /no image of the archive provides the specified platform \(linux\/s390x\)/,
  });
});
