// Links: names that a container has of its own for another, wherever that one is, and whatever it is called by now.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Engine } from '#engine/open.ts';
import { endEngine, importBusybox, newPlace, openAt } from './containers-fixture.ts';

const place = newPlace();
let engine: Engine;
before(async () => {
  engine = await openAt(place);
  await importBusybox(engine, place.dir);
});
after(async () => {
  await endEngine(engine);
  place[Symbol.dispose]();
});

async function run(name: string, HostConfig: object): Promise<string> {
  const request = { Image: 'busybox', Cmd: ['sleep', '1000'], HostConfig };
  const { Id } = await engine.containers.create(request, { name });
  await engine.containers.start(Id);
  return Id;
}

/** What the hosts file says of the name; undefined where it does not know it. */
async function known(container: string, name: string): Promise<string | undefined> {
  const { HostsPath } = await engine.containers.inspect(container);
  const lines = readFileSync(HostsPath, 'utf8').split('\n');
  return lines.find((line) => line.split(/\s+/).slice(1).includes(name))?.split('\t')[0];
}

async function addressOf(container: string, network: string): Promise<string | undefined> {
  return (await engine.containers.inspect(container)).NetworkSettings.Networks[network]?.IPAddress;
}

for (const network of ['bridge', 'town']) {
  test(`on ${network}: a link follows addresses and names, and hinders nobody`, async () => {
    if (network === 'town') await engine.networks.create({ Name: 'town' });
    await run('db', { NetworkMode: network });
    const web = await run('web', { NetworkMode: network, Links: ['db:store'] });
    for (const name of ['store', 'db']) assert.equal(await known(web, name), await addressOf('db', network));

    await engine.containers.stop('db', { timeoutSeconds: 0 });
    await engine.containers.settle();
    assert.equal(await known(web, 'store'), undefined);
    const before = await run('sitter', { NetworkMode: network });
    await engine.containers.start('db');
    assert.notEqual(await addressOf('db', network), await addressOf(before, network));
    assert.equal(await known(web, 'store'), await addressOf('db', network), 'at its new address');

    await engine.containers.rename('db', 'base');
    for (const name of ['store', 'base'])
      assert.equal(await known(web, name), await addressOf('base', network));
    assert.deepEqual((await engine.containers.inspect(web)).HostConfig.Links, ['base:store']);
    await engine.containers.restart('base', { timeoutSeconds: 0 });
    await engine.containers.restart(web, { timeoutSeconds: 0 });
    assert.equal(await known(web, 'store'), await addressOf('base', network));

    await engine.containers.remove('base', { force: true });
    await engine.containers.settle();
    assert.equal(await known(web, 'store'), undefined);
    await engine.containers.restart(web, { timeoutSeconds: 0 });
    await run('base', { NetworkMode: network });
    assert.equal(await known(web, 'store'), await addressOf('base', network), 'whoever has the name now');
    await engine.containers.removeLink('web/store');
    assert.equal(await known(web, 'store'), undefined);
    for (const name of ['web', 'base', 'sitter']) await engine.containers.remove(name, { force: true });
  });
}

test('a link by a part of an id leads to that container only; one that came with a network goes with it', async () => {
  await engine.networks.create({ Name: 'village' });
  const id = await run('one', {});
  const { Id } = await engine.containers.create(
    { Image: 'busybox', Cmd: ['sleep', '1000'], HostConfig: { Links: [`${id.slice(0, 5)}:first`] } },
    { name: 'two' },
  );
  await engine.containers.start(Id);
  assert.equal(await known('two', 'first'), await addressOf('one', 'bridge'));
  await engine.containers.connect('one', 'village');
  await engine.containers.connect('two', 'village', { Links: ['one:friend'] });
  assert.equal(await known('two', 'friend'), await addressOf('one', 'bridge'));
  await engine.containers.disconnect('two', 'village');
  assert.equal(await known('two', 'friend'), undefined);
  assert.equal(await known('two', 'first'), await addressOf('one', 'bridge'));
  for (const name of ['one', 'two']) await engine.containers.remove(name, { force: true });
  await engine.networks.remove('village');
});
