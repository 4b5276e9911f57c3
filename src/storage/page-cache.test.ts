// What was read once does not stay in memory, and stays in the file.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { forgetFile, ReadOnce } from './page-cache.ts';

const tmpfs = 0x01021994;
const bytes = Buffer.alloc(24 << 20, 'wharf');
const residentBytes = (path: string): number =>
  Number(execFileSync('fincore', ['-b', '-n', '-r', '-o', 'RES', path], { encoding: 'utf8' }));

async function untilForgotten(path: string, ask: (tries: number) => void | Promise<void>): Promise<void> {
  for (let tries = 1; residentBytes(path) > 0; tries++) {
    assert.ok(tries < 500, `${residentBytes(path)} bytes are still in memory`);
    await ask(tries);
    await sleep(20);
  }
  assert.ok(readFileSync(path).equals(bytes));
}

test('what was read is let go of once it is on disk, and is in the file all the same', async (context) => {
  if (!existsSync('/usr/bin/fincore')) return context.skip('fincore is not installed');
  const dir = mkdtempSync(join(tmpdir(), 'wharf-page-cache-'));
  try {
    if (statfsSync(dir).type === tmpfs) return context.skip(`${dir} is in memory`);
    const path = join(dir, 'blob');
    writeFileSync(path, bytes);
    using once = new ReadOnce(path);
    await untilForgotten(path, (tries) => once.passed(bytes.length * tries));
    await untilForgotten(path, () => forgetFile(path));
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('a file that is not there is forgotten without a word', async () => {
  await forgetFile('/nowhere/at/all');
});
