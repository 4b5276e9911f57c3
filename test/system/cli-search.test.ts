// `wharf search` against a Hub, through the engine; `docker search` sees the same.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startEngine } from '../walks/engine-under-test.ts';
import { makeImage, pushImage, scratch, serveIn } from './hub-fixture.ts';

const skip = process.getuid?.() !== 0 ? 'needs root' : false;
if (skip !== false) console.log(`skipped: ${skip}`);

it('finds repositories of a Hub by a part of their name', { skip, timeout: 170_000 }, async () => {
  using place = scratch();
  await using hub = await serveIn(place.dir);
  await using engine = await startEngine();
  const host = new URL(hub.url).host;
  for (const name of ['team/web', 'team/web-admin', 'other/base'])
    await pushImage(hub.url, name, makeImage([Buffer.from(name)]));
  const ok = async (...words: string[]) => {
    const { code, stdout, stderr } = await engine.wharf(['search', ...words]);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  const found = (await ok('--format', '{{.Name}}', `${host}/web`)).split('\n').sort();
  assert.deepEqual(found, ['team/web', 'team/web-admin']);
  assert.match(await ok(`${host}/web`), /^NAME +DESCRIPTION +STARS +OFFICIAL/);
  assert.equal((await ok('--limit', '1', '--format', '{{.Name}}', `${host}/web`)).split('\n').length, 1);
  assert.match(
    (await engine.wharf(['search', '--limit', '200', `${host}/web`])).stderr,
    /limit 200 is outside the range/,
  );
  for (const words of [
    [`${host}/web`],
    ['--format', 'json', `${host}/base`],
    ['--filter', 'stars=3', `${host}/web`],
  ]) {
    const docker = await engine.docker?.(['search', ...words]);
    const wharf = await engine.wharf(['search', ...words]);
    if (docker !== undefined)
      assert.deepEqual([wharf.code, wharf.stdout], [docker.code, docker.stdout], docker.stderr);
  }
});
