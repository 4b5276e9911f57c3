// Releasing the program's own pages: what is listed, and that the process goes on with fewer of them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseMappings, releaseCodePages } from './code-pages.ts';

test('mappings are read with their sizes and paths', () => {
  const text = [
    '00400000-00746000 r--p 00000000 fe:00 53  /usr/bin/a program',
    'Rss:                 100 kB',
    'Anonymous:             0 kB',
    '7ffe-8000 rw-p 00000000 00:00 0 ',
    'Rss:                   4 kB',
    'Anonymous:             4 kB',
    '',
  ].join('\n');
  const [program, stack] = parseMappings(text);
  assert.equal(program?.path, '/usr/bin/a program');
  assert.deepEqual([program?.startAddress, program?.bytes], [0x400000n, 0x346000]);
  assert.deepEqual([program?.residentBytes, program?.anonymousBytes], [102_400, 0]);
  assert.deepEqual([stack?.path, stack?.permissions, stack?.anonymousBytes], ['', 'rw-p', 4096]);
});

test('pages of the program go, and come back as they are used', () => {
  const given = releaseCodePages();
  assert.ok(given > 4 << 20, `${given} bytes`);
  assert.equal(JSON.stringify({ still: ['alive', Math.sqrt(16)] }), '{"still":["alive",4]}');
  assert.match(readFileSync('/proc/self/status', 'utf8'), /VmRSS/);
});
