// Logins of the Hub: challenges, tokens, rights in each repository, and no way to learn who exists.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { cryptPassword } from '#kernel/crypt.ts';
import { openTokenKey, signToken } from '../../src/hub/auth/tokens.ts';
import { addUser, listUsers, removeUser } from '../../src/hub/auth/users.ts';
import type { ServedHub } from '../../src/hub/serve.ts';
import { call, digestOf, makeImage, pushImage, scratch, serveIn } from './hub-fixture.ts';

const place = scratch();
const users = join(place.dir, 'htpasswd');
let served: ServedHub;
let url: string;

before(async () => {
  await addUser(users, 'alice', 'secret of alice');
  await addUser(users, 'bob', 'secret of bob');
  appendFileSync(users, `carol:{SHA}${createHash('sha1').update('secret of carol').digest('base64')}\n`);
  const erin = await cryptPassword('secret of erin', '$2y$09$abcdefghijklmnopqrstuu');
  appendFileSync(users, `erin:${erin}\n`);
  // A Hub without users, to have something to pull.
  await using open = await serveIn(place.dir);
  await pushImage(open.url, 'team/app', makeImage([Buffer.from('app')]));
  await pushImage(open.url, 'public/tool', makeImage([Buffer.from('tool')]));
  const rights = {
    alice: { '*': '*' },
    bob: { 'team/*': 'push', 'team/secret': 'none' },
    '*': { 'public/*': 'pull' },
    anonymous: { 'public/*': 'pull' },
  };
  writeFileSync(join(place.dir, 'hub/rights.json'), JSON.stringify(rights));
  served = await serveIn(place.dir, { htpasswd: users, crypt: cryptPassword });
  url = served.url;
});

after(async () => {
  await served?.[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});
const alice = basic('alice', 'secret of alice');
const bob = basic('bob', 'secret of bob');

async function tokenFor(headers: Record<string, string>, scope: string): Promise<string> {
  const reply = await call(url, `/token?service=wharf-hub&scope=${scope}`, { headers });
  assert.equal(reply.status, 200);
  return JSON.parse(reply.body.toString()).token;
}

const status = async (path: string, headers: Record<string, string>, method = 'GET') =>
  (await call(url, path, { headers, method })).status;

test('without a login there is a challenge that says where to get a token, and for what', async () => {
  const reply = await call(url, '/v2/team/app/manifests/latest');
  assert.deepEqual([reply.status, reply.code], [401, 'UNAUTHORIZED']);
  const challenge = `Bearer realm="${url}/token",service="wharf-hub",scope="repository:team/app:pull"`;
  assert.equal(reply.headers['www-authenticate'], challenge);
  assert.equal(await status('/v2/', {}), 401);
  assert.equal(await status('/v2/', alice), 200);
  assert.equal(await status('/v2/public/tool/manifests/latest', {}), 200, 'what everybody may read');
});

test('tokens carry what was asked for and is allowed, and no more', async () => {
  const pull = { authorization: `Bearer ${await tokenFor(bob, 'repository:team/app:pull')}` };
  assert.equal(await status('/v2/team/app/manifests/latest', pull), 200);
  const narrow = await call(url, '/v2/team/app/blobs/uploads/', { method: 'POST', headers: pull });
  assert.equal(narrow.status, 401, 'bob may push: he is told which token would do');
  assert.match(String(narrow.headers['www-authenticate']), /scope="repository:team\/app:pull,push"/);
  const push = { authorization: `Bearer ${await tokenFor(bob, 'repository:team/app:pull,push,delete')}` };
  assert.equal(await status('/v2/team/app/blobs/uploads/', push, 'POST'), 202);
  assert.equal(await status('/v2/team/app/manifests/latest', push, 'DELETE'), 403);
  const other = { authorization: `Bearer ${await tokenFor(bob, 'repository:alices/app:pull,push')}` };
  const denied = await call(url, '/v2/alices/app/blobs/uploads/', { method: 'POST', headers: other });
  assert.deepEqual([denied.status, denied.code], [403, 'DENIED']);
  assert.equal(await status('/v2/team/app/tags/list', other), 401, 'a token for another repository');
});

test('rights in each repository, with Basic on each request', async () => {
  assert.equal(await status('/v2/team/app/tags/list', bob), 200);
  assert.equal(await status('/v2/team/secret/tags/list', bob), 403);
  assert.equal(await status('/v2/public/tool/tags/list', bob), 200);
  assert.equal(await status('/v2/public/tool/blobs/uploads/', bob, 'POST'), 403);
  assert.equal(await status('/v2/team/app/manifests/none', alice, 'DELETE'), 404);
  const seen = async (headers: Record<string, string>) =>
    JSON.parse((await call(url, '/v2/_catalog', { headers })).body.toString()).repositories;
  assert.deepEqual(await seen(alice), ['public/tool', 'team/app']);
  assert.deepEqual(await seen(basic('carol', 'secret of carol')), ['public/tool']);
  assert.deepEqual(await seen({}), ['public/tool']);
});

test('a blob is not mounted from where one may not read', async () => {
  const image = makeImage([Buffer.from('app')]);
  const [layer] = JSON.parse(image.manifest.toString()).layers;
  const carolRights = basic('carol', 'secret of carol');
  const path = `/v2/public/x/blobs/uploads/?mount=${layer.digest}&from=team/app`;
  assert.equal(await status(path, carolRights, 'POST'), 403);
  assert.equal(
    await status(`/v2/team/x/blobs/uploads/?mount=${layer.digest}&from=team/secret`, bob, 'POST'),
    202,
  );
  assert.equal(
    await status(`/v2/team/x/blobs/uploads/?mount=${layer.digest}&from=team/app`, bob, 'POST'),
    201,
  );
  // Nor where it is left to the Hub to find it.
  const hidden = Buffer.from('in one repository alone');
  const where = `/v2/team/secret/blobs/uploads/?digest=${digestOf(hidden)}`;
  assert.equal((await call(url, where, { method: 'POST', headers: alice, body: hidden })).status, 201);
  const anywhere = `/v2/team/y/blobs/uploads/?mount=${digestOf(hidden)}`;
  assert.equal(await status(anywhere, bob, 'POST'), 202);
  assert.equal(await status(anywhere, alice, 'POST'), 201);
});

test('tokens that are over, changed, of another key, or unsigned', async () => {
  const key = openTokenKey(join(place.dir, 'hub/token.key'));
  const claims = { sub: 'alice', access: [{ type: 'repository', name: 'team/app', actions: ['pull'] }] };
  const good = signToken(key, claims, Date.now());
  const [head, , signature] = good.split('.');
  const body = Buffer.from(JSON.stringify({ ...claims, aud: 'wharf-hub', nbf: 0, exp: 1e12 })).toString(
    'base64url',
  );
  const none = Buffer.from('{"typ":"JWT","alg":"none"}').toString('base64url');
  const bad = {
    over: signToken(key, claims, Date.now() - 301_000),
    changed: `${head}.${body}.${signature}`,
    'of another key': signToken(Buffer.alloc(32, 1), claims, Date.now()),
    unsigned: `${none}.${body}.`,
    rubbish: 'x.y.z',
  };
  assert.equal(await status('/v2/team/app/tags/list', { authorization: `Bearer ${good}` }), 200);
  for (const [what, token] of Object.entries(bad)) {
    const headers = { authorization: `Bearer ${token}` };
    assert.equal(await status('/v2/team/app/tags/list', headers), 401, what);
  }
});

test('unknown users and wrong passwords get the same answer for the same work', async () => {
  const asked = ['alice', 'mallory', 'carol', 'erin'].map((user) => ({
    headers: basic(user, 'wrong'),
    text: '',
    ms: Number.POSITIVE_INFINITY,
  }));
  // Processor time, in turns, and the least of each: what else the machine does must not look like a difference.
  const workMs = () => (process.cpuUsage().user + process.cpuUsage().system) / 1000;
  for (let round = 0; round < 6; round++) {
    for (const one of asked) {
      const started = workMs();
      const reply = await call(url, '/token?service=wharf-hub', { headers: one.headers });
      one.ms = Math.min(one.ms, workMs() - started);
      one.text = `${reply.status} ${reply.headers['www-authenticate']} ${reply.body}`;
    }
  }
  assert.match(asked[0]?.text ?? '', /^401 .*incorrect username or password/);
  assert.equal(new Set(asked.map(({ text }) => text)).size, 1);
  const times = asked.map(({ ms }) => ms);
  assert.ok(Math.max(...times) < 1.5 * Math.min(...times), times.join(' '));
});

test('users of other programs: {SHA} and bcrypt lines', async () => {
  for (const user of ['carol', 'erin']) {
    assert.equal(await status('/v2/public/tool/manifests/latest', basic(user, `secret of ${user}`)), 200);
    assert.equal(
      await status('/v2/public/tool/manifests/latest', basic(user, `secret of ${user}\0more`)),
      401,
    );
    assert.equal(await status('/v2/public/tool/manifests/latest', basic(user, 'secret of nobody')), 401);
  }
});

test('the token end-point takes a form, too', async () => {
  const form = new URLSearchParams({
    grant_type: 'password',
    username: 'bob',
    password: 'secret of bob',
    scope: 'repository:team/app:pull',
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const reply = await call(url, '/token', { method: 'POST', body: form.toString(), headers });
  const token = JSON.parse(reply.body.toString()).access_token;
  assert.equal(await status('/v2/team/app/tags/list', { authorization: `Bearer ${token}` }), 200);
});

test('users are added and removed while the hub runs', async () => {
  await addUser(users, 'dora', 'secret of dora');
  assert.deepEqual(listUsers(users), ['alice', 'bob', 'carol', 'erin', 'dora']);
  assert.equal(await status('/v2/', basic('dora', 'secret of dora')), 200);
  removeUser(users, 'dora');
  assert.equal(await status('/v2/', basic('dora', 'secret of dora')), 401);
  assert.throws(() => removeUser(users, 'dora'), /no such user: dora/);
  await assert.rejects(addUser(users, 'a:b', 'x'), /invalid user name/);
});

test('anonymousRead lets everybody pull, nobody else push', async () => {
  const own = scratch();
  using _ = own;
  await using hub = await serveIn(own.dir, { htpasswd: users, crypt: cryptPassword, anonymousRead: true });
  const push = await call(hub.url, '/v2/a/blobs/uploads/', { method: 'POST' });
  assert.equal(push.status, 401);
  assert.equal((await call(hub.url, '/v2/a/tags/list')).code, 'NAME_UNKNOWN');
  assert.equal((await call(hub.url, '/v2/a/blobs/uploads/', { method: 'POST', headers: alice })).status, 202);
});
