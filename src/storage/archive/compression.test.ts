// Telling compressions by their first bytes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { sniffCompression } from './compression.ts';

test('each compression is told from its first bytes, anything else is plain', () => {
  assert.equal(sniffCompression(gzipSync('x')), 'gzip');
  assert.equal(sniffCompression(zstdCompressSync('x')), 'zstd');
  assert.equal(sniffCompression(Buffer.from('502a4d1800000000', 'hex')), 'zstd');
  assert.equal(sniffCompression(Buffer.from('fd377a585a00', 'hex')), 'xz');
  assert.equal(sniffCompression(Buffer.from('BZh91AY')), 'bzip2');
  for (const plain of ['', 'B', 'Dockerfile']) assert.equal(sniffCompression(Buffer.from(plain)), 'none');
});
