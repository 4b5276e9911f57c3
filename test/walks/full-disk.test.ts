// A full disk: what did not fit is refused with a clear error, what was there stays sound, and with room it goes on.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type EngineUnderTest, startEngine } from './engine-under-test.ts';

let folder: string;
let engine: EngineUnderTest;

before(async () => {
  folder = await mkdtemp('/tmp/wharf-walk-full-');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'wharf-test', folder]);
  engine = await startEngine(join(folder, 'engine'));
});

after(async () => {
  await engine?.[Symbol.asyncDispose]();
  execFileSync('umount', [folder]);
  rmSync(folder, { recursive: true });
});

async function good(args: string[]): Promise<string> {
  const ran = await engine.wharf(args);
  assert.equal(
    ran.code,
    0,
    `wharf ${args.join(' ')}\n${ran.stdout}${ran.stderr}\n${engine.log().slice(-3000)}`,
  );
  return ran.stdout.trim();
}

test('a pull that does not fit fails by name, and what is there goes on', async () => {
  await good(['pull', 'busybox']);
  const ran = await engine.wharf(['pull', 'python:3.11-slim']);
  assert.equal(ran.code, 1);
  assert.match(ran.stderr, /no space left on device/i);
  assert.equal(await good(['run', '--rm', 'busybox', 'echo', 'alive']), 'alive');
  assert.doesNotMatch(await good(['images']), /python/);
});

test('a RUN that fills the disk fails, and its tag stays what it was', async () => {
  const context = join(engine.folder, 'context');
  mkdirSync(context);
  writeFileSync(join(context, 'Dockerfile'), 'FROM busybox\nRUN dd if=/dev/zero of=/big bs=1M count=400\n');
  await good(['tag', 'busybox', 'kept']);
  const held = await good(['inspect', '--format', '{{.Id}}', 'kept']);
  const ran = await engine.wharf(['build', '-t', 'kept', context]);
  assert.notEqual(ran.code, 0);
  assert.match(ran.stdout + ran.stderr, /no space left on device/i);
  assert.equal(await good(['inspect', '--format', '{{.Id}}', 'kept']), held);
});

test('a volume that does not fit is filled, cloned and imported not at all, in one sentence', async () => {
  const context = join(engine.folder, 'large');
  mkdirSync(context);
  for (let number = 0; number < 40; number++)
    writeFileSync(join(context, `part${number}`), Buffer.alloc(250_000, number));
  writeFileSync(join(context, 'Dockerfile'), 'FROM busybox\nCOPY part* /data/\nVOLUME /data\n');
  await good(['build', '-q', '-t', 'large', context]);
  rmSync(context, { recursive: true });
  await good(['run', '--rm', '-v', 'whole:/data', 'large', 'true']);
  const archive = join('/tmp', `wharf-full-${process.pid}.tar`);
  await good(['volume', 'export', '-o', archive, 'whole']);
  const filler = join(folder, 'most');
  try {
    const free = Number(execFileSync('df', ['--output=avail', folder], { encoding: 'utf8' }).split('\n')[1]);
    writeFileSync(filler, Buffer.alloc((free - 6_000) * 1024));
    for (const [doing, args] of [
      ['filling volume up', ['run', '--rm', '-v', 'up:/data', 'large', 'true']],
      ['cloning volume whole', ['volume', 'clone', 'whole', 'cloned']],
      ['writing ', ['volume', 'import', 'imported', archive]],
    ] as const) {
      const ran = await engine.wharf([...args]);
      assert.notEqual(ran.code, 0);
      assert.match(ran.stderr, new RegExp(`no space left on device: ${doing}`));
      assert.ok(ran.stderr.split('\n').length <= 4, ran.stderr);
    }
    assert.equal(await good(['volume', 'ls', '-q']), 'up\nwhole');
    assert.match(await good(['volume', 'browse', 'up']), /NAME$/, 'nothing below the heading');
  } finally {
    rmSync(filler, { force: true });
    rmSync(archive, { force: true });
  }
  assert.equal(await good(['run', '--rm', '-v', 'up:/data', 'large', 'sh', '-c', 'ls /data | wc -l']), '40');
  await good(['volume', 'rm', '--now', 'up', 'whole']);
  await good(['rmi', 'large']);
});

test('a disk without a single free block: requests are refused, reads go on, and room mends it', async () => {
  const id = await good(['run', '-d', 'busybox', 'sleep', '600']);
  const filler = join(folder, 'filler');
  try {
    execFileSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k'], { stdio: 'ignore' });
  } catch {
    // dd fails once the disk is full: that is what it was started for.
  }
  const refused = await engine.wharf(['run', '-d', '--name', 'too-much', 'busybox', 'sleep', '600']);
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /no space left on device|disk is full/i);
  assert.match(await good(['ps', '-q', '--no-trunc']), new RegExp(id));
  rmSync(filler);
  await good(['rm', '-f', id]);
  await engine.killHard();
  await engine.start();
  assert.equal(await good(['run', '--rm', 'busybox', 'echo', 'again']), 'again');
  assert.doesNotMatch(await good(['ps', '-a', '--format', '{{.Status}}']), /Up/);
});
