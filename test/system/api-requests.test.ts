// Requests that no other test has a reason to make: imports by URL, quiet loads, links, older versions, bare heads.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import type { ContainerInspect } from '#shared/contract/container.ts';
import { TestDaemon, whyNot } from './api-fixture.ts';

const skip = whyNot();
const daemon = new TestDaemon();
before(async () => {
  if (skip !== undefined) return;
  await daemon.start();
  await daemon.importBase();
});
after(() => daemon[Symbol.asyncDispose]());

test('an image is imported from a URL', { skip, timeout: 60_000 }, async () => {
  const tree = daemon.baseTree();
  const asked: string[] = [];
  await using server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url === '/tree.tar') response.end(tree);
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const place = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const create = (source: string) =>
    daemon.ask(
      'POST',
      `/images/create?fromSrc=${encodeURIComponent(source)}&repo=far&tag=1&changes=CMD%20true`,
    );
  const made = await create(`${place}/tree.tar`);
  assert.equal(made.status, 200, made.body);
  assert.match(made.body, new RegExp(`"Downloading from http://${place}/tree.tar"`));
  assert.match(made.body, /"status":"sha256:[0-9a-f]{64}"/);
  assert.match(await daemon.ok('images', 'far'), /far +1 /);
  assert.match((await create(`http://${place}/nothing`)).body, /could not get .*\/nothing: 404/);
  assert.match((await create('ftp://x/y')).body, /invalid import source/);
  assert.deepEqual(asked, ['/tree.tar', '/nothing']);
});

test('a quiet load tells only what was loaded', { skip, timeout: 60_000 }, async () => {
  const saved = await buffer(await daemon.open('GET', '/images/base:1/get'));
  const loud = await daemon.ask('POST', '/images/load', saved);
  const quiet = await daemon.ask('POST', '/images/load?quiet=1', saved);
  for (const { body } of [loud, quiet]) assert.match(body, /Loaded image: base:1/);
  assert.doesNotMatch(quiet.body, /progressDetail/);
});

test('a link is taken from its parent', { skip, timeout: 60_000 }, async () => {
  await daemon.ok('create', '--name', 'db', 'base:1', 'true');
  await daemon.ok('create', '--name', 'web', '--link', 'db:store', 'base:1', 'true');
  const links = async () =>
    (JSON.parse((await daemon.ask('GET', '/containers/web/json')).body) as ContainerInspect).HostConfig.Links;
  assert.deepEqual(await links(), ['db:store']);
  assert.equal((await daemon.ask('DELETE', '/containers/web/nothing?link=1')).status, 404);
  assert.equal((await daemon.ask('DELETE', '/containers/web?link=1')).status, 409);
  assert.equal((await daemon.ask('DELETE', '/containers/web/store?link=1')).status, 204);
  assert.deepEqual(await links(), []);
});

test('until 1.42 a prune takes volumes with names too', { skip, timeout: 30_000 }, async () => {
  const prune = async (version: string) =>
    (
      JSON.parse((await daemon.ask('POST', `/v${version}/volumes/prune`)).body) as {
        VolumesDeleted: string[];
      }
    ).VolumesDeleted;
  await daemon.ok('volume', 'create', 'kept');
  assert.deepEqual(await prune('1.42'), []);
  assert.deepEqual(await prune('1.41'), ['kept']);
});

test('a ping is answered alike by GET and HEAD', { skip, timeout: 30_000 }, async () => {
  const [get, head] = [await daemon.ask('GET', '/_ping'), await daemon.ask('HEAD', '/_ping')];
  assert.equal(get.body, 'OK');
  assert.equal(head.headers['content-length'], '0');
  for (const name of ['api-version', 'builder-version', 'ostype', 'swarm', 'cache-control', 'pragma']) {
    assert.ok(get.headers[name] !== undefined, name);
    assert.equal(get.headers[name], head.headers[name], name);
  }
});

test('a detached exec that cannot run says so', { skip, timeout: 30_000 }, async () => {
  await daemon.ok('run', '-d', '--name', 'host', 'base:1', 'sleep', '600');
  const refused = await daemon.docker(['exec', '-d', 'host', 'absent-program']);
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /executable file not found in \$PATH/);
  await daemon.ok('exec', '-d', 'host', 'sleep', '500');
  assert.match(await daemon.ok('top', 'host'), /sleep 500/);
});
