// The same inputs give the same digest: in another folder, at another time, by another engine, however the files came.
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { indexContext } from '#cli/files/context-index.ts';
import { everything } from '#cli/files/walk.ts';
import { type BuildLab, type Outcome, openBuildLab } from './build-room.ts';

const epoch = 1_600_000_000;
const dockerfile = `FROM scratch AS tools
COPY bin /bin
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox --install -s /bin; mkdir -p /z /a /m; hostname > /m/host; ls -1 / > /a/list"]
FROM tools
ARG SOURCE_DATE_EPOCH
WORKDIR /work/deep
COPY --chmod=640 . ./src
ADD one.txt /later/
RUN echo $SOURCE_DATE_EPOCH > stamp; for n in 9 3 7 1; do echo $n > $n; done; ln -s 9 link; rm -r /z
LABEL b=2 a=1
ENV X=1
CMD ["/bin/sh"]
`;

/** The same files in a new folder, with their times `ageSeconds` younger than the epoch. */
function contextIn(lab: BuildLab, ageSeconds: number): string {
  const dir = lab.context({
    Dockerfile: dockerfile,
    'one.txt': '1\n',
    'd/two.txt': '2\n',
    'd/l': '@two.txt',
  });
  mkdirSync(join(dir, 'bin'));
  copyFileSync('/usr/bin/busybox', join(dir, 'bin/busybox'));
  chmodSync(join(dir, 'bin/busybox'), 0o755);
  for (const path of ['Dockerfile', 'one.txt', 'd/two.txt', 'bin/busybox', 'bin', 'd'])
    utimesSync(join(dir, path), epoch + ageSeconds, epoch + ageSeconds);
  return dir;
}

async function build(lab: BuildLab, context: { dir: string } | { stored: string }): Promise<Outcome> {
  return await lab.run({ context, noCache: true, buildArgs: { SOURCE_DATE_EPOCH: String(epoch) } });
}

async function send(lab: BuildLab, dir: string): Promise<string> {
  const index = await indexContext({ root: dir, walk: everything, extra: [], cacheDir: undefined });
  const { id, missing } = lab.build.offerContext(await index.bytes());
  if (missing.length > 0) await lab.build.fillContext(id, await index.send(missing));
  return id;
}

/** Until the clock shows another second: times in layers have no smaller parts. */
async function anotherSecond(): Promise<void> {
  const second = Math.floor(Date.now() / 1000);
  while (Math.floor(Date.now() / 1000) === second) await sleep(20);
}

test('two engines, two folders, two times, two ways: one digest', { timeout: 120_000 }, async () => {
  await using one = await openBuildLab();
  const first = await build(one, { dir: contextIn(one, 100) });
  await anotherSecond();
  await using two = await openBuildLab();
  const second = await build(two, { stored: await send(two, contextIn(two, 5000)) });
  assert.ok(first.image && second.image, String(first.error ?? second.error));
  assert.deepEqual(second.image.config, first.image.config);
  assert.equal(second.image.id, first.image.id);
  const { created, history } = first.image.config;
  assert.equal(created, '2020-09-13T12:26:40.000000000Z');
  assert.ok(history?.every((entry) => entry.created === created));
});
