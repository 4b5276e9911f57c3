// The corpus of Dockerfiles on the real kernel: each gives the files, the config or the error that it says.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ImageRecord } from '#engine/images/record.ts';
import type { CorpusCase } from '../build-corpus/case.ts';
import { corpus, requestOf } from '../build-corpus/corpus.ts';
import { type BuildLab, openBuildLab } from './build-room.ts';

let lab: BuildLab;
before(async () => {
  lab = await openBuildLab();
});
after(async () => {
  assert.deepEqual(lab.mountsInside(), []);
  assert.deepEqual(lab.snapshots.ids(), []);
  await lab[Symbol.asyncDispose]();
});

/** Lines of history that are not the base image's. */
function ownHistory(image: ImageRecord): string[] {
  const lines = (image.config.history ?? []).map((entry) => entry.created_by ?? '');
  const base = lab.images.resolve('busybox').config.history?.map((entry) => entry.created_by ?? '') ?? [];
  return base.every((line, index) => lines[index] === line) ? lines.slice(base.length) : lines;
}

function assertImage(each: CorpusCase, image: ImageRecord): void {
  const files = each.tree === undefined ? {} : lab.files(image);
  for (const [path, expected] of Object.entries(each.tree ?? {}))
    assert.equal(files[path] ?? null, expected, path);
  for (const [path, expected] of Object.entries(each.text ?? {}))
    assert.equal(lab.text(image, path), expected, path);
  const { config = {}, architecture, author } = image.config;
  for (const [key, expected] of Object.entries(each.config ?? {}))
    assert.deepEqual(config[key as keyof typeof config], expected, key);
  assert.deepEqual({ architecture, author, ...each.image }, { architecture, author });
  if (each.history !== undefined) assert.deepEqual(ownHistory(image), each.history);
}

async function check(each: CorpusCase): Promise<void> {
  const { image, error, output } = await lab.run(requestOf(each, lab));
  if (each.error !== undefined) {
    const said = `${error?.message} ${error?.hint}`;
    assert.ok(error !== undefined && said.includes(each.error), `${said}\n${output}`);
    return;
  }
  assert.ok(image, `${error?.message} ${error?.hint ?? ''}\n${output}`);
  assertImage(each, image);
  if (each.output !== undefined) assert.ok(output.includes(each.output), output);
}

test('every case has a name of its own, and there are enough', () => {
  assert.equal(new Set(corpus.map(({ name }) => name)).size, corpus.length);
  assert.ok(corpus.length >= 150, `${corpus.length} cases`);
});

for (const each of corpus) test(each.name, { timeout: 60_000 }, () => check(each));
