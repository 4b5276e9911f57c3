// Names, removal and prune: Docker's rules about what goes, what stays and what is said.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { isKind } from '#shared/errors.ts';
import {
  archiveOf,
  digestOf,
  type ImageHost,
  type MadeImage,
  makeImage,
  openHost,
  scratch,
} from './images-fixture.ts';

const place = scratch();
let host: ImageHost;
let app: MadeImage;
let other: MadeImage;
const short = (image: MadeImage) => digestOf(image.config).slice(7, 19);

before(async () => {
  host = await openHost(join(place.dir, 'host'));
  app = await makeImage([{ files: { base: 'shared' } }, { files: { app: 'one' } }]);
  other = await makeImage([{ files: { base: 'shared' } }, { files: { other: 'two' } }], {
    created: '2026-02-02T03:04:05Z',
    config: { Labels: { other: 'yes' } },
  });
});

after(async () => {
  await host?.[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

async function load(image: MadeImage, name?: string): Promise<string> {
  const [record] = await host.images.load(Readable.from([await archiveOf(image, name)]));
  return record?.id ?? '';
}

const refuses = (work: Promise<unknown>, message: string) =>
  assert.rejects(work, (thrown: Error) => {
    assert.equal(thrown.message, message);
    return isKind(thrown, 'conflict');
  });

test('an image is found by name, ID and the beginning of one', async () => {
  const id = await load(app, 'docker.io/library/app:1');
  await load(other);
  host.images.tag('app:1', 'localhost:5000/team/app:2');
  for (const name of [
    'app:1',
    'docker.io/library/app:1',
    'localhost:5000/team/app:2',
    id,
    id.slice(7),
    short(app),
    `sha256:${short(app)}`,
  ]) {
    assert.equal(host.images.resolve(name).id, id, name);
  }
  assert.throws(
    () => host.images.resolve('nothere'),
    (thrown: Error) => {
      assert.equal(thrown.message, 'No such image: nothere:latest');
      return isKind(thrown, 'not-found');
    },
  );
  assert.throws(
    () => host.images.resolve('No/Such'),
    (thrown) => isKind(thrown, 'invalid'),
  );
});

test('list, filters and history', () => {
  const tags = (filters: Record<string, string[]>) =>
    host.images.list({ filters: new Map(Object.entries(filters)) }).map((row) => row.RepoTags.join());
  assert.deepEqual(tags({}), ['', 'app:1,localhost:5000/team/app:2']);
  assert.deepEqual(tags({ dangling: ['true'] }), ['']);
  assert.deepEqual(tags({ reference: ['ap*'] }), ['app:1']);
  assert.deepEqual(tags({ reference: ['localhost:5000/*/app'] }), ['localhost:5000/team/app:2']);
  assert.deepEqual(tags({ label: ['other=yes'] }), ['']);
  assert.deepEqual(tags({ since: ['app:1'] }), ['']);
  assert.deepEqual(tags({ before: [short(other)] }), ['app:1,localhost:5000/team/app:2']);
  assert.throws(() => tags({ colour: ['red'] }), /invalid filter 'colour'/);
  const history = host.images.history('app:1');
  assert.deepEqual(
    history.map((row) => [row.Id.slice(0, 9), row.CreatedBy]),
    [
      [digestOf(app.config).slice(0, 9), 'CMD ["/bin/true"]'],
      ['<missing>', 'layer 1'],
      ['<missing>', 'layer 0'],
    ],
  );
  assert.equal(
    history.reduce((sum, row) => sum + row.Size, 0),
    host.images.inspect('app:1').Size,
  );
});

test("removal is refused with Docker's sentences, and takes what nothing else uses", async () => {
  const id = digestOf(app.config);
  await refuses(
    host.images.remove(short(app)),
    `conflict: unable to delete ${short(app)} (must be forced) - image is referenced in multiple repositories`,
  );
  assert.deepEqual(await host.images.remove('localhost:5000/team/app:2'), [
    { Untagged: 'localhost:5000/team/app:2' },
  ]);
  const user = { id: 'c'.repeat(64), name: 'web', running: false };
  host.users.set(id, [user]);
  await refuses(
    host.images.remove('app:1'),
    `conflict: unable to remove repository reference "app:1" (must force) - container cccccccccccc is using its referenced image ${short(app)}`,
  );
  await refuses(
    host.images.remove(id),
    `conflict: unable to delete ${short(app)} (must be forced) - image is being used by stopped container cccccccccccc`,
  );
  host.users.set(id, [{ ...user, running: true }]);
  await refuses(
    host.images.remove(id, { force: true }),
    `conflict: unable to delete ${short(app)} (cannot be forced) - image is being used by running container cccccccccccc`,
  );
  assert.deepEqual(await host.images.remove('app:1', { force: true }), [{ Untagged: 'app:1' }]);
  host.users.clear();
  host.images.tag(id, 'app:1');
  const entries = await host.images.remove('app:1');
  const top = host.images.find(id);
  assert.equal(top, undefined);
  assert.deepEqual(entries.slice(0, 2), [{ Untagged: 'app:1' }, { Deleted: id }]);
  assert.equal(entries.length, 3, 'the layer it shares with the other image stays');
  assert.equal(host.snapshots.layers().length, 2);
});

test('prune takes images without a name, and then all that nobody uses', async () => {
  host.users.set(digestOf(other.config), [{ id: 'd'.repeat(64), name: 'db', running: false }]);
  assert.deepEqual((await host.images.prune()).ImagesDeleted, []);
  host.users.clear();
  const pruned = await host.images.prune(new Map([['label', ['other']]]));
  assert.equal(pruned.ImagesDeleted[0]?.Deleted, digestOf(other.config));
  assert.ok(pruned.SpaceReclaimed > 0);
  await load(app, 'docker.io/library/app:1');
  assert.deepEqual((await host.images.prune()).ImagesDeleted, []);
  const all = await host.images.prune(new Map([['dangling', ['false']]]));
  assert.deepEqual(all.ImagesDeleted.slice(0, 2), [{ Untagged: 'app:1' }, { Deleted: digestOf(app.config) }]);
  assert.deepEqual(host.content.list(), []);
  assert.deepEqual(host.snapshots.layers(), []);
});

test('a budget for unused images: the oldest go, and never what is used or held', async () => {
  const images: MadeImage[] = [];
  for (const name of ['old', 'used', 'held', 'new']) {
    const image = await makeImage([{ files: { [name]: name.repeat(1000) } }]);
    images.push(image);
    await load(image, `docker.io/library/${name}:1`);
  }
  const [old, used, held] = images;
  assert.ok(old && used && held);
  host.users.set(digestOf(used.config), [{ id: 'e'.repeat(64), name: 'web', running: true }]);
  host.leases.hold(`image:${digestOf(held.config)}`, 'build:one');
  const names = (): string[] =>
    host.images
      .all()
      .flatMap(({ tags }) => tags)
      .sort();
  assert.deepEqual((await host.images.pruneToBudget(1_000_000)).ImagesDeleted, []);
  assert.deepEqual((await host.images.pruneToBudget(8_000)).ImagesDeleted.slice(0, 2), [
    { Untagged: 'old:1' },
    { Deleted: digestOf(old.config) },
  ]);
  assert.deepEqual(names(), ['held:1', 'new:1', 'used:1']);
  await host.images.pruneToBudget(0);
  assert.deepEqual(names(), ['held:1', 'used:1']);
  host.users.clear();
  host.leases.release('build:one');
  await host.images.pruneToBudget(0);
  assert.deepEqual(names(), []);
});

test('an image and its names are there after a restart', async () => {
  const dir = join(place.dir, 'restart');
  {
    await using first = await openHost(dir);
    await first.images.load(Readable.from([await archiveOf(app, 'docker.io/library/app:7')]));
  }
  await using again = await openHost(dir);
  assert.deepEqual(again.images.resolve('app:7').tags, ['app:7']);
  assert.equal(again.snapshots.layers().length, 2);
  await again.images.remove('app:7');
});
