// Folders of layers are spread where the file system knows how, and nothing happens elsewhere.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { areSpread, spreadFolders } from './spread.ts';

const ext4 = 0xef53;

test('ext4 is told once that the folders in a directory have nothing to do with each other', (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'wharf-spread-'));
  try {
    if (statfsSync(dir).type !== ext4) return context.skip(`${dir} is not on ext4`);
    assert.equal(areSpread(dir), false);
    spreadFolders(dir);
    spreadFolders(dir);
    assert.equal(areSpread(dir), true);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('a file system without such hints is left as it is', () => {
  spreadFolders('/proc');
  assert.equal(areSpread('/proc'), false);
});
