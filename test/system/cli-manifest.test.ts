// `wharf manifest`: a list of two images is begun, annotated, looked at, pushed to a Hub and forgotten; docker reads it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { it } from 'node:test';
import { noDocker } from '../walks/engine-under-test.ts';
import { wharfProgram } from '../wharf-program.ts';
import { call, makeImage, ociIndex, pushImage, scratch, serveIn } from './hub-fixture.ts';

async function run(program: string, words: readonly string[], dir: string) {
  const env = { ...process.env, DOCKER_CONFIG: join(dir, 'config'), NODE_TEST_CONTEXT: undefined };
  const child = spawn(program, words, { env, timeout: 90_000, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await ended;
  return { code, out, err };
}

it('makes a list of images of two platforms in a registry', { timeout: 170_000 }, async () => {
  using place = scratch();
  await using served = await serveIn(place.dir);
  const host = new URL(served.url).host;
  const list = `${host}/team/app:1`;
  const [one, two] = [makeImage([Buffer.from('amd')]), makeImage([Buffer.from('arm')])];
  await pushImage(served.url, 'team/app', { ...one, reference: '1-amd64' });
  await pushImage(served.url, 'elsewhere/app', { ...two, reference: '1-arm64' });
  const wharf = (...words: string[]) => run(wharfProgram, ['manifest', ...words], place.dir);
  const ok = async (...words: string[]) => {
    const { code, out, err } = await wharf(...words);
    assert.equal(code, 0, `wharf manifest ${words.join(' ')}: ${err}`);
    return out;
  };

  const images = [`${host}/team/app:1-amd64`, `${host}/elsewhere/app:1-arm64`];
  assert.equal(await ok('create', list, ...images), `Created manifest list ${list}\n`);
  assert.match((await wharf('create', list, ...images)).err, /refusing to amend an existing manifest list/);
  await ok('create', '--amend', list, ...images);
  await ok('annotate', '--arch', 'arm64', '--variant', 'v8', list, images[1] ?? '');
  const begun = JSON.parse(await ok('inspect', list));
  assert.deepEqual(
    begun.manifests.map((each: { digest: string; platform: object }) => [each.digest, each.platform]),
    [
      [one.digest, { architecture: 'amd64', os: 'linux' }],
      [two.digest, { architecture: 'arm64', os: 'linux', variant: 'v8' }],
    ],
  );

  const digest = (await ok('push', '--purge', list)).trim();
  assert.match(digest, /^sha256:[0-9a-f]{64}$/);
  const stored = await call(served.url, '/v2/team/app/manifests/1', { headers: { accept: ociIndex } });
  assert.equal(stored.headers['docker-content-digest'], digest);
  const child = await call(served.url, `/v2/team/app/manifests/${two.digest}`);
  assert.equal(child.status, 200);

  assert.deepEqual(JSON.parse(await ok('inspect', list)), JSON.parse(stored.body.toString()));
  const told = JSON.parse(await ok('inspect', '-v', list));
  assert.deepEqual(
    told.map((each: { OCIManifest: object }) => each.OCIManifest),
    [JSON.parse(one.manifest.toString()), JSON.parse(two.manifest.toString())],
  );
  if (noDocker === undefined) {
    const docker = await run('docker', ['manifest', 'inspect', '--insecure', list], place.dir);
    assert.equal(docker.code, 0, docker.err);
    assert.equal(JSON.parse(docker.out).manifests.length, 2);
  } else console.log(`not read by docker: ${noDocker}`);

  assert.match(
    (await wharf('create', `${host}/team/other:1`, list)).err,
    /is a manifest list\nhint: .*arm64/,
  );
  assert.match((await wharf('rm', list)).err, /No such manifest: /);
  assert.match((await wharf('inspect', `${host}/team/app:none`)).err, /manifest .* not found|not found/);
});

it('says why commands of Docker’s own are not here', async () => {
  using place = scratch();
  for (const [words, expected] of [
    [['checkpoint', 'create', 'a', 'b'], /no command 'checkpoint': the engine keeps no checkpoints/],
    [['swarm', 'init'], /the engine is in no swarm/],
    [['plugin', 'ls'], /has no plugins/],
  ] as const) {
    const { code, err } = await run(wharfProgram, words, place.dir);
    assert.match(err, expected);
    assert.equal(code, 1);
  }
});
