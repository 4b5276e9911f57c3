// Tar headers and streams without touching a tree: what is encoded is decoded, and nonsense is refused.
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { EngineError } from '#shared/errors.ts';
import { encodeHeader, endOfArchive } from './encode.ts';
import { type EntryType, type TarEntry, typeFlags } from './entry.ts';
import { readEntries, skipContent } from './reader.ts';
import { ByteSource } from './source.ts';

const root = mkdtempSync(join(tmpdir(), 'wharf-tar-'));
after(() => rmSync(root, { recursive: true, force: true }));

function read(bytes: Buffer, maxBytes?: number): TarEntry[] {
  const path = join(root, 'archive');
  writeFileSync(path, bytes);
  const fd = openSync(path, 'r');
  try {
    const source = new ByteSource(fd, maxBytes === undefined ? {} : { maxBytes });
    const entries: TarEntry[] = [];
    for (const entry of readEntries(source)) {
      entries.push(entry);
      skipContent(source, entry);
    }
    source.finish();
    return entries;
  } finally {
    closeSync(fd);
  }
}

const text = (maxLength: number) =>
  fc
    .string({ unit: 'grapheme', minLength: 1, maxLength })
    .filter((value) => !/[\0/]/.test(value) && value.isWellFormed());

const entries: fc.Arbitrary<TarEntry> = fc.record({
  name: text(300),
  type: fc.constantFrom(...(Object.keys(typeFlags) as EntryType[])),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.integer({ min: 0, max: 2 ** 31 }),
  gid: fc.integer({ min: 0, max: 2 ** 31 }),
  size: fc.constant(0),
  mtime: fc.integer({ min: -(2 ** 34), max: 2 ** 36 }),
  linkName: fc.oneof(fc.constant(''), text(200)),
  major: fc.integer({ min: 0, max: 4095 }),
  minor: fc.integer({ min: 0, max: 0o7777777 }),
  xattrs: fc.option(
    fc
      .dictionary(fc.stringMatching(/^[a-z.]{1,20}$/), fc.uint8Array({ minLength: 1, maxLength: 200 }), {
        minKeys: 1,
      })
      .map((pairs) => new Map(Object.entries(pairs).map(([key, value]) => [key, Buffer.from(value)]))),
    { nil: undefined },
  ),
});

test('every entry is decoded as it was encoded', () => {
  fc.assert(
    fc.property(fc.array(entries, { maxLength: 4 }), (list) => {
      const bytes = Buffer.concat([...list.map(encodeHeader), endOfArchive]);
      const plain = (entry: TarEntry) => ({
        ...entry,
        flag: typeFlags[entry.type],
        xattrs: entry.xattrs === undefined ? undefined : Object.fromEntries(entry.xattrs),
      });
      assert.deepEqual(read(bytes).map(plain), list.map(plain));
    }),
    { numRuns: 60 },
  );
});

test('flipped bytes and cut ends are refused as invalid, or read; nothing else happens', () => {
  const member = { ...sample(), name: 'n'.repeat(150), size: 700 };
  const bytes = Buffer.concat([
    encodeHeader(member),
    Buffer.alloc(1024, 1),
    encodeHeader(sample()),
    endOfArchive,
  ]);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, value, end) => {
      const damaged = Buffer.from(bytes.subarray(0, end));
      if (at < damaged.length) damaged[at] = value;
      try {
        read(damaged);
      } catch (thrown) {
        assert.ok(thrown instanceof EngineError && thrown.kind === 'invalid', String(thrown));
      }
    }),
    { numRuns: 120 },
  );
});

test('an archive that is larger than allowed is refused', () => {
  const bytes = Buffer.concat([encodeHeader({ ...sample(), size: 4096 }), Buffer.alloc(4096), endOfArchive]);
  assert.equal(read(bytes, bytes.length).length, 1);
  assert.throws(() => read(bytes, 2000), /more than 2000 bytes/);
});

function sample(): TarEntry {
  return {
    name: 'sample',
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: 0,
    mtime: 1,
    linkName: '',
    major: 0,
    minor: 0,
    xattrs: undefined,
  };
}
