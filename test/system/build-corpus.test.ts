// The corpus of Dockerfiles on the real kernel: each gives the files, the config or the error that it says.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { CorpusCase } from '../build-corpus/case.ts';
import { copyCases } from '../build-corpus/copy.ts';
import { runCases } from '../build-corpus/run.ts';
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

async function check(each: CorpusCase): Promise<void> {
  const { buildArgs = {}, secrets = {}, contexts = {}, allow = [], target } = each;
  const bytes = Object.entries(secrets).map(([id, value]) => [id, Buffer.from(value)] as const);
  const dirs = Object.entries(contexts).map(([name, files]) => [name, { dir: lab.context(files) }] as const);
  const { image, error, output } = await lab.run({
    files: { Dockerfile: each.dockerfile, ...each.files },
    buildArgs,
    allow,
    secrets: Object.fromEntries(bytes),
    contexts: Object.fromEntries(dirs),
    ...(target === undefined ? {} : { target }),
  });
  if (each.error !== undefined) {
    const said = `${error?.message} ${error?.hint}`;
    assert.ok(error !== undefined && said.includes(each.error), `${said}\n${output}`);
    return;
  }
  assert.ok(image, `${error?.message} ${error?.hint ?? ''}\n${output}`);
  const files = lab.files(image);
  for (const [path, expected] of Object.entries(each.tree ?? {}))
    assert.equal(files[path] ?? null, expected, path);
  for (const [key, expected] of Object.entries(each.config ?? {})) {
    assert.deepEqual(image.config.config?.[key as keyof typeof image.config.config], expected, key);
  }
  if (each.output !== undefined) assert.ok(output.includes(each.output), output);
}

for (const each of [...copyCases, ...runCases]) test(each.name, { timeout: 20_000 }, () => check(each));
