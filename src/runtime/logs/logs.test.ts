// Logs: framing, tails, times, partial lines, rotation under a reader.
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { logBytes } from './files.ts';
import { type ReadLogOptions, readLog } from './read.ts';
import { rotateLog } from './rotate.ts';
import { parseLogTime, toDockerTime } from './time.ts';

const dir = mkdtempSync(join(tmpdir(), 'wharf-runtime-logs-'));
after(() => rmSync(dir, { recursive: true, force: true }));

const time = (second: number) => `2026-01-02T03:04:${String(second).padStart(2, '0')}.000000001+00:00`;
const line = (second: number, text: string, stream = 'stdout', tag = 'F') =>
  `${time(second)} ${stream} ${tag} ${text}\n`;

async function readAll(path: string, options: Partial<ReadLogOptions> = {}): Promise<string> {
  const pieces: Buffer[] = [];
  const all = { path, tty: true, stdout: true, stderr: true, ...options };
  for await (const piece of readLog(all)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString();
}

test('frames each line for its stream, and leaves out the unwanted stream', async () => {
  const path = join(dir, 'frames.log');
  writeFileSync(path, line(1, 'out') + line(2, 'err', 'stderr'));
  const both = await readAll(path, { tty: false });
  assert.equal(both, '\x01\0\0\0\0\0\0\x04out\n\x02\0\0\0\0\0\0\x04err\n');
  assert.equal(await readAll(path, { tty: false, stdout: false }), '\x02\0\0\0\0\0\0\x04err\n');
});

test('joins partial lines of a stream, and keeps a last one without a newline', async () => {
  const path = join(dir, 'partial.log');
  writeFileSync(
    path,
    line(1, 'a', 'stdout', 'P') + line(2, 'x', 'stderr') + line(3, 'b') + line(4, 'end', 'stdout', 'P'),
  );
  assert.equal(await readAll(path), 'x\nab\nend');
});

test('tail counts wanted lines only, back into rotated files', async () => {
  const path = join(dir, 'tail.log');
  writeFileSync(`${path}.1`, line(1, 'one') + line(2, 'two'));
  writeFileSync(
    path,
    line(3, 'three') + line(4, 'e', 'stderr') + line(5, 'fo', 'stdout', 'P') + line(6, 'ur'),
  );
  assert.equal(
    await readAll(path, { tail: 3, tty: false, stderr: false }),
    framed('two\n', 'three\n', 'four\n'),
  );
  assert.equal(await readAll(path, { tail: 0 }), '');
  assert.equal(await readAll(path, { tail: 99 }), 'one\ntwo\nthree\ne\nfour\n');
  assert.equal(logBytes(path) > 200, true);
});

const framed = (...texts: string[]) =>
  texts.map((text) => `\x01\0\0\0\0\0\0${String.fromCharCode(text.length)}${text}`).join('');

test('since and until cut by time', async () => {
  const path = join(dir, 'since.log');
  writeFileSync(path, [1, 2, 3, 4].map((second) => line(second, `${second}`)).join(''));
  const at = (second: number) => parseLogTime(time(second));
  const sinceNs = at(2);
  const untilNs = at(4);
  assert.ok(sinceNs !== undefined && untilNs !== undefined);
  assert.equal(await readAll(path, { sinceNs, untilNs }), '2\n3\n');
});

test('timestamps are in the form Docker prints, whatever the zone', async () => {
  const path = join(dir, 'times.log');
  writeFileSync(path, `${line(1, 'a')}2026-01-02T05:04:02.5+02:00 stdout F b\n`);
  const text = await readAll(path, { timestamps: true });
  assert.equal(text, '2026-01-02T03:04:01.000000001Z a\n2026-01-02T03:04:02.500000000Z b\n');
  assert.equal(toDockerTime('nonsense'), 'nonsense');
});

test('foreign lines and a line longer than every buffer do no harm', async () => {
  const path = join(dir, 'odd.log');
  const long = 'x'.repeat(700_000);
  writeFileSync(path, `rubbish\n\n${line(1, long)}${line(2, 'next')}`);
  assert.equal(await readAll(path), `${long}\nnext\n`);
  assert.equal(await readAll(path, { tail: 2 }), `${long}\nnext\n`);
});

test('a follower sees every line across rotations, and the end', async () => {
  const path = join(dir, 'follow.log');
  writeFileSync(path, line(0, 'first'));
  let running = true;
  const read = readAll(path, { follow: true, isRunning: () => running });
  let expected = 'first\n';
  for (let number = 0; number < 60; number++) {
    appendFileSync(path, line(1, `n${number}`));
    expected += `n${number}\n`;
    if (number % 10 === 9) {
      // The writer's last words before it opens the new file go to the old one.
      await rotateLog(path, {
        maxFiles: 3,
        reopen: async () => {
          appendFileSync(`${path}.1`, line(1, `late${number}`));
          writeFileSync(path, '');
          return true;
        },
      });
      expected += `late${number}\n`;
      await sleep(15);
    }
  }
  running = false;
  assert.equal(await read, expected);
});

test('a log that is rotated just as its reading begins is read from its beginning', async () => {
  for (let round = 0; round < 20; round++) {
    const path = join(dir, `begin${round}.log`);
    writeFileSync(path, line(0, 'first'));
    const read = readAll(path, { follow: true, isRunning: () => false });
    await rotateLog(path, {
      maxFiles: 3,
      reopen: async () => {
        writeFileSync(path, line(1, 'second'));
        return true;
      },
    });
    assert.match(await read, /^first\n/);
  }
});

test('a follower stops when told to', async () => {
  const path = join(dir, 'abort.log');
  writeFileSync(path, line(0, 'x'));
  const stop = new AbortController();
  const read = readAll(path, { follow: true, isRunning: () => true, signal: stop.signal });
  setTimeout(() => stop.abort(), 20);
  assert.equal(await read, 'x\n');
});

test('a log that never was is empty', async () => {
  assert.equal(await readAll(join(dir, 'none.log')), '');
});
