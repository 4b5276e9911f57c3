// The sealed copy of a program runs, cannot be written to, and goes with its owner.
import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sealProgram } from '#kernel/sealed-program.ts';
import { runOk } from '#kernel/spawn.ts';

test('a sealed program runs under its own name and nobody writes to it', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'wharf-sealed-'));
  try {
    const link = join(dir, 'cat');
    const sealed = sealProgram('/bin/cat', link);
    assert.ok(sealed, 'this kernel has no sealed memory files');
    const said = await runOk(link, ['/proc/self/comm', '/proc/self/cmdline']);
    assert.equal(said.stdout.toString(), `cat\n${link}\0/proc/self/comm\0/proc/self/cmdline\0`);
    assert.throws(() => writeFileSync(link, 'x', { flag: 'r+' }), { code: 'EPERM' });
    assert.throws(() => truncateSync(link, 0), { code: 'EPERM' });
    sealed[Symbol.dispose]();
    assert.equal(lstatSync(link, { throwIfNoEntry: false }), undefined);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test('a program that is not there is not sealed, and no link is left', () => {
  const link = join(tmpdir(), `wharf-sealed-none-${process.pid}`);
  assert.equal(sealProgram('/nonexistent/crun', link), undefined);
  assert.equal(existsSync(link), false);
});
