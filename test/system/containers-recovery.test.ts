// `kill -9` of an engine, and what the next one finds and leaves.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { endEngine, ending, mountsBelow, newPlace, openAt, type Place, runIn } from './containers-fixture.ts';

const program = fileURLToPath(new URL('containers-engine.ts', import.meta.url));

/** Runs an engine in a process of its own until it has said `word`, and then `afterMs` more; kills it. */
async function killEngine(place: Place, task: string, [word, afterMs]: [string, number]): Promise<void> {
  const child = spawn(process.execPath, [program, place.dir, place.bridge, place.bip, task], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8');
  for await (const text of child.stdout) {
    said += String(text);
    if (said.includes(`${word}\n`)) break;
  }
  assert.ok(said.includes(word), `the engine ended before it was killed: ${said}`);
  await sleep(afterMs);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

describe('after kill -9', () => {
  test('every container is what it became meanwhile', async () => {
    using place = newPlace();
    await killEngine(place, 'settled', ['ready', 0]);
    await sleep(800);
    await using engine = ending(await openAt(place));
    const { containers } = engine;
    const state = async (name: string) => (await containers.inspect(name)).State;
    assert.equal((await state('stays')).Status, 'running');
    assert.equal((await state('frozen')).Status, 'paused');
    const ends = await state('ends');
    assert.deepEqual([ends.Status, ends.ExitCode], ['exited', 9]);
    assert.ok(Date.now() - Date.parse(ends.FinishedAt) > 200, 'the time of its end, not of its discovery');
    assert.deepEqual([(await state('ended')).Status, (await state('ended')).ExitCode], ['exited', 4]);
    assert.equal((await state('resting')).Status, 'exited');
    assert.equal((await state('new')).Status, 'created');
    assert.throws(() => containers.find('gone'), /No such container/);
    assert.match((await state('returns')).Status, /running|restarting|created|exited/);
    await containers.settle();
    assert.ok(['running', 'restarting'].includes((await state('returns')).Status));
    const exit = containers.wait('stays');
    await containers.stop('stays', { timeoutSeconds: 0 });
    assert.deepEqual(await exit, { StatusCode: 137 });
    await containers.unpause('frozen');
    const id = containers.execCreate('frozen', { Cmd: ['echo', 'thawed'], AttachStdout: true });
    await using stream = await containers.execStart(id);
    let said = '';
    for await (const { data } of stream.output) said += data.toString('utf8');
    assert.equal(said, 'thawed\n');
    await engine[Symbol.asyncDispose]();
    assert.deepEqual(mountsBelow(place.dir), []);
  });

  for (const afterMs of [10, 60, 150, 333]) {
    test(`in the middle of it all (${afterMs} ms)`, async () => {
      using place = newPlace();
      await killEngine(place, 'churn', ['open', afterMs]);
      await using engine = ending(await openAt(place));
      const { containers } = engine;
      for (const row of await containers.list({ all: true })) {
        assert.ok(['created', 'running', 'exited'].includes(row.State), row.State);
      }
      await sleep(200);
      await containers.settle();
      const up = containers.all().filter(({ phase }) => phase === 'running');
      assert.deepEqual(up, [], 'all of them end by themselves');
      assert.equal((await runIn(engine, { Cmd: ['echo', 'alive'] })).stdout, 'alive\n');
      await containers.settle();
      assert.deepEqual(mountsBelow(place.dir), []);
      const known = containers
        .all()
        .map(({ id }) => id)
        .sort();
      assert.deepEqual(readdirSync(join(place.dir, 'root/containers')).sort(), known);
      const bundles = join(place.dir, 'run/c');
      assert.deepEqual(existsSync(bundles) ? readdirSync(bundles) : [], []);
    });
  }

  test('a second engine on a living root is refused', async () => {
    using place = newPlace();
    const engine = await openAt(place);
    await assert.rejects(openAt(place), /another engine \(process \d+\) is using/);
    await endEngine(engine);
    const again = await openAt(place);
    await endEngine(again);
  });
});
