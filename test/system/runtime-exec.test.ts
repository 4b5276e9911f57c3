// Exec sessions and build steps on the real kernel.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeBundle } from '#runtime/bundle.ts';
import { exec } from '#runtime/exec.ts';
import type { ExecSession } from '#runtime/exec-session.ts';
import { runOnce } from '#runtime/once.ts';
import { buildProcess, buildSpec } from '#runtime/spec.ts';
import { StartError } from '#runtime/start-error.ts';
import { Boxes, env, skipReason } from './runtime-boxes.ts';

const options = { skip: skipReason, timeout: 60_000 };
let boxes: Boxes;
before(async () => {
  if (skipReason) return;
  boxes = new Boxes();
  await boxes.create('host', ['sleep', '300']);
  await boxes.runtime.start('host');
});
after(() => boxes?.[Symbol.asyncDispose]());

const start = (args: string[], more: { tty?: boolean; stdin?: boolean } = {}) =>
  exec(boxes.runtime, {
    id: 'host',
    process: buildProcess({ args, env, tty: more.tty ?? false, consoleSize: { width: 90, height: 30 } }),
    stdin: more.stdin ?? false,
  });

async function textOf(session: ExecSession): Promise<[string, string]> {
  const text: [string, string] = ['', ''];
  for await (const { stream, data } of session.output) text[stream - 1] += data.toString();
  return text;
}

test('output by stream, exit code, pid, and confined as its container', options, async () => {
  await using session = await start(['sh', '-c', 'grep Seccomp: /proc/self/status; echo err >&2; exit 4']);
  assert.deepEqual(await textOf(session), ['Seccomp:\t2\n', 'err\n']);
  assert.equal(await session.exit, 4);
  assert.ok(session.pid() > 1);
  await using killed = await start(['sh', '-c', 'kill -9 $$']);
  assert.equal(await killed.exit, 137);
});

test('its output can be opened by name', options, async () => {
  await using session = await start(['sh', '-c', 'echo named > /proc/self/fd/1']);
  assert.deepEqual(await textOf(session), ['named\n', '']);
});

test('input and its end', options, async () => {
  await using session = await start(['cat'], { stdin: true });
  await session.write(Buffer.from('hello'));
  session.endInput();
  assert.deepEqual(await textOf(session), ['hello', '']);
});

test('with a terminal: size, resize, exit code', options, async () => {
  await using session = await start(['sh', '-c', 'stty size; cat; stty size; exit 6'], {
    tty: true,
    stdin: true,
  });
  await session.resize({ width: 70, height: 20 });
  await session.write(Buffer.from('\x04'));
  const [text] = await textOf(session);
  assert.match(text, /30 90|20 70/);
  assert.match(text, /20 70\r\n$/);
  assert.equal(await session.exit, 6);
});

test('a missing program is a start error, with and without a terminal', options, async () => {
  const isMissing = (thrown: unknown) =>
    thrown instanceof StartError && thrown.exitCode === 127 && /not found in \$PATH/.test(thrown.message);
  const session = await start(['nosuch']);
  await assert.rejects(session.exit, isMissing);
  await assert.rejects(start(['nosuch'], { tty: true }), isMissing);
  const denied = await start(['/etc/plain']);
  await assert.rejects(denied.exit, (thrown) => thrown instanceof StartError && thrown.exitCode === 126);
});

function step(
  args: string[],
  onOutput: (stream: 1 | 2, chunk: Buffer) => void,
  signal?: AbortSignal,
): Promise<number> {
  const { runtime, rootfs } = boxes;
  writeBundle(
    runtime.bundleDir('step'),
    buildSpec({ id: 'step', rootfs, args, env, cgroupsPath: runtime.cgroupPath('step') }),
  );
  return runOnce(runtime, { id: 'step', program: args[0] ?? '', onOutput, ...(signal ? { signal } : {}) });
}

test('a step: output, exit code, nothing left', options, async () => {
  let text = '';
  const code = await step(['sh', '-c', 'echo out; echo err >&2; exit 9'], (stream, chunk) => {
    text += `${stream}${chunk}`;
  });
  assert.equal(code, 9);
  assert.match(text, /1out\n/);
  assert.match(text, /2err\n/);
  assert.equal(existsSync(join(boxes.runtime.stateRoot, 'step')), false);
  await assert.rejects(
    step(['nosuch'], () => {}),
    (thrown) => thrown instanceof StartError && thrown.exitCode === 127,
  );
});

test('a cancelled step leaves no process', options, async () => {
  for (const delayMs of [0, 3, 200]) {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), delayMs);
    await assert.rejects(
      step(['sh', '-c', 'sleep 77 & sleep 77'], () => {}, stop.signal),
      /cancelled/,
    );
    assert.equal(existsSync(join(boxes.runtime.stateRoot, 'step')), false);
  }
});
