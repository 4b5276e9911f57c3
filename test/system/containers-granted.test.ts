// Files that are granted to a container: all of them are there or all of those before, wherever the engine is killed.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  endEngine,
  ending,
  importBusybox,
  newPlace,
  openAt,
  type Place,
  secretsTar,
} from './containers-fixture.ts';

const program = fileURLToPath(new URL('containers-engine.ts', import.meta.url));

/** The texts of the forty files, each once; and what else lies beside the container. */
function grantedIn(place: Place, id: string): { texts: string[]; count: number; leftovers: string[] } {
  const dir = join(place.dir, 'root/containers', id);
  const secrets = join(dir, 'granted/run/secrets');
  const names = readdirSync(secrets);
  return {
    texts: [...new Set(names.map((name) => readFileSync(join(secrets, name), 'utf8')))],
    count: names.length,
    leftovers: readdirSync(dir).filter((name) => name.startsWith('granted.')),
  };
}

test('what each moment of a cut-off grant leaves is put right at the next start', async () => {
  using place = newPlace();
  const engine = await openAt(place);
  await importBusybox(engine, place.dir);
  const { Id } = await engine.containers.create({ Image: 'busybox', Cmd: ['true'] }, { name: 'keeper' });
  await engine.containers.grantFiles(Id, { stream: secretsTar('old') });
  await engine[Symbol.asyncDispose]();
  const granted = join(place.dir, 'root/containers', Id, 'granted');
  const copyTo = (name: string) => cpSync(granted, `${granted}.${name}`, { recursive: true });
  const moments: [string, () => void][] = [
    ['while files come', () => rmSync(`${granted}.part/run/secrets/7`)],
    ['between the two renames', () => renameSync(granted, `${granted}.former`)],
    ['while the former files go', () => copyTo('former')],
  ];
  for (const [moment, leave] of moments) {
    copyTo('part');
    leave();
    await using next = await openAt(place);
    assert.deepEqual(grantedIn(place, Id), { texts: ['old'], count: 40, leftovers: [] }, moment);
    await next[Symbol.asyncDispose]();
  }
  await using last = ending(await openAt(place));
  await last.containers.grantFiles(Id, { stream: secretsTar('new') });
  assert.deepEqual(grantedIn(place, Id), { texts: ['new'], count: 40, leftovers: [] });
});

test('killed at any moment, the files are of one generation', async () => {
  using place = newPlace();
  for (const afterMs of [3, 11, 24]) {
    const child = spawn(process.execPath, [program, place.dir, place.bridge, place.bip, 'grants'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    for await (const text of child.stdout.setEncoding('utf8')) {
      said += String(text);
      if (said.includes('granted\n')) break;
    }
    await sleep(afterMs);
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
    const engine = await openAt(place);
    const { texts, count, leftovers } = grantedIn(place, engine.containers.find('keeper').id);
    assert.deepEqual([texts.length, count, leftovers], [1, 40, []], `${afterMs} ms: ${texts}`);
    await engine.containers.remove('keeper');
    await endEngine(engine);
  }
});
