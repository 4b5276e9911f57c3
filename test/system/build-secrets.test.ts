// Secrets of a build are seen by the step that asks for them, and are in nothing that stays.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { type BuildLab, openBuildLab } from './build-room.ts';

let lab: BuildLab;
before(async () => {
  lab = await openBuildLab();
});
after(async () => {
  await lab[Symbol.asyncDispose]();
});

/** Files of the engine that have the word in them. */
function filesWith(word: string): string[] {
  const found = spawnSync('grep', ['-rlaF', '-e', word, join(lab.dir, 'root'), join(lab.dir, 'run')]);
  return found.stdout
    .toString()
    .split('\n')
    .filter((line) => line !== '');
}

const mounts = '--mount=type=secret,id=file --mount=type=secret,id=variable,env=KEY';
/** Uses both and shows neither: what a program makes of them is its own. */
const use = 'test "$(cat /run/secrets/file)" != "" && test "$KEY" != "" && touch /used';

test('the search finds what is there', () => {
  const word = randomBytes(16).toString('hex');
  writeFileSync(join(lab.dir, 'root/found'), `x${word}y`);
  assert.deepEqual(filesWith(word), [join(lab.dir, 'root/found')]);
});

test('neither layers, history, cache, logs nor archives have them', async () => {
  const [file, variable] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
  const secrets = { file: Buffer.from(file), variable: Buffer.from(variable) };
  const { image, output, error } = await lab.run({
    files: {
      Dockerfile: `FROM busybox\nRUN ${mounts} ${use}\nRUN test ! -e /run/secrets/file && test -z "$KEY"\n`,
    },
    secrets,
    tags: ['secret:1'],
    cacheTo: [{ type: 'inline' }],
  });
  assert.ok(image, String(error));
  const archive = (await buffer(lab.images.save(['secret:1']))).toString('latin1');
  const told = [output, JSON.stringify(image.config), archive, JSON.stringify(lab.build.why('secret:1'))];
  for (const word of [file, variable]) {
    assert.deepEqual(filesWith(word), []);
    for (const each of told) assert.ok(!each.includes(word));
  }
  assert.equal(lab.files(image)['used'], 'f 644 0:0');
});

test('what a failed step leaves to be looked at has them neither', async () => {
  const [file, variable] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
  const { error, output } = await lab.run({
    files: { Dockerfile: `FROM busybox\nRUN ${mounts} ${use} && exit 3\n` },
    secrets: { file: Buffer.from(file), variable: Buffer.from(variable) },
    tags: ['secret:2'],
  });
  assert.equal(error?.exitCode, 3, output);
  for (const word of [file, variable]) {
    assert.deepEqual(filesWith(word), []);
    assert.ok(!`${output}${error?.message}${error?.hint}`.includes(word));
  }
});
