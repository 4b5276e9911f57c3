// Archives on the real file system: round trips, hostile layers, damage, and that nothing leaves its folder.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import { isOpaque, isWhiteout, setOpaque, whiteout } from '#kernel/overlay.ts';
import { deviceNumber, lgetxattr, lsetxattr, mknod } from '#kernel/syscalls.ts';
import { EngineError } from '#shared/errors.ts';
import {
  extractContext,
  extractTree,
  packLayer,
  packTree,
  statTree,
  unpackLayer,
} from '#storage/archive/archive.ts';

const root = mkdtempSync(join(tmpdir(), 'wharf-storage-archive-'));
after(() => rmSync(root, { recursive: true, force: true }));
let count = 0;

function folder(): string {
  const dir = join(root, String(++count));
  mkdirSync(dir);
  return dir;
}

type Member = Partial<Header> & { name: string; body?: string | Buffer };

async function tarOf(...members: Member[]): Promise<Buffer> {
  const stream = pack();
  for (const { body = '', ...header } of members) stream.entry(header as Header, body as string);
  stream.finalize();
  return await buffer(stream);
}

function blobOf(bytes: Buffer): string {
  const path = join(root, `blob${++count}`);
  writeFileSync(path, bytes);
  return path;
}

const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** A folder with a secret beside the target: whatever a layer does, the secret stays as it is. */
async function unpackHostile(...members: Member[]): Promise<{ dir: string; target: string }> {
  const dir = folder();
  const target = join(dir, 'target');
  mkdirSync(target);
  mkdirSync(join(dir, 'outside'));
  writeFileSync(join(dir, 'outside', 'secret'), 'untouched');
  try {
    await unpackLayer({ blob: blobOf(await tarOf(...members)), mediaType: '', target });
  } finally {
    assert.deepEqual(readdirSync(dir).sort(), ['outside', 'target']);
    assert.deepEqual(readdirSync(join(dir, 'outside')), ['secret']);
    assert.equal(readFileSync(join(dir, 'outside', 'secret'), 'utf8'), 'untouched');
  }
  return { dir, target };
}

const refused = (pattern: RegExp) => (thrown: unknown) => {
  assert.ok(thrown instanceof EngineError, String(thrown));
  assert.equal(thrown.kind, 'invalid', thrown.message);
  assert.match(thrown.message, pattern);
  return true;
};

test('a layer comes back as it was packed, and packs to the same bytes again', async () => {
  const dir = folder();
  mkdirSync(join(dir, 'etc/deep'), { recursive: true });
  writeFileSync(join(dir, 'etc/file'), 'content');
  writeFileSync(join(dir, 'etc', 'a'.repeat(180)), 'long name');
  writeFileSync(join(dir, 'etc/größe'), 'not ascii');
  writeFileSync(join(dir, 'etc/suid'), 'x');
  chmodSync(join(dir, 'etc/suid'), 0o4755);
  linkSync(join(dir, 'etc/file'), join(dir, 'etc/zlink'));
  symlinkSync('/nowhere/at/all', join(dir, 'dangling'));
  mknod(join(dir, 'device'), 0o020600, deviceNumber(1, 3));
  mknod(join(dir, 'fifo'), 0o010644);
  whiteout(join(dir, 'gone'));
  setOpaque(join(dir, 'etc/deep'));
  lsetxattr(join(dir, 'etc/file'), 'user.note', Buffer.from([1, 0, 2]));
  utimesSync(join(dir, 'etc/deep'), 1_500_000_000, 1_500_000_000);
  const first = await packLayer({ dir, output: join(root, 'first.tar') });
  const target = folder();
  const unpacked = await unpackLayer({ blob: join(root, 'first.tar'), mediaType: '', target });
  assert.equal(unpacked.diffId, first.diffId);
  assert.equal(unpacked.sizeBytes, first.contentBytes);
  assert.ok(isWhiteout(lstatSync(join(target, 'gone'))));
  assert.ok(isOpaque(join(target, 'etc/deep')));
  assert.equal(lstatSync(join(target, 'etc/deep')).mtimeMs, 1_500_000_000_000);
  assert.equal(lstatSync(join(target, 'etc/suid')).mode & 0o7777, 0o4755);
  assert.equal(lstatSync(join(target, 'etc/zlink')).ino, lstatSync(join(target, 'etc/file')).ino);
  assert.equal(readlinkSync(join(target, 'dangling')), '/nowhere/at/all');
  assert.ok(lstatSync(join(target, 'device')).isCharacterDevice());
  assert.deepEqual(lgetxattr(join(target, 'etc/file'), 'user.note'), Buffer.from([1, 0, 2]));
  const again = await packLayer({ dir: target });
  assert.equal(again.diffId, first.diffId);
  assert.equal(again.tarBytes, first.tarBytes);
});

test('GNU tar reads what is packed, and what it writes is unpacked', async () => {
  const dir = folder();
  mkdirSync(join(dir, 'd'));
  for (let n = 0; n < 100; n++) writeFileSync(join(dir, 'd', `${'n'.repeat(n)}-ü${n}`), `file ${n}`);
  const file = join(root, 'gnu.tar');
  await packLayer({ dir, output: file });
  const copy = folder();
  execFileSync('tar', ['xpf', file, '-C', copy]);
  execFileSync('diff', ['-r', dir, copy]);
  for (const format of ['gnu', 'pax', 'v7', 'ustar']) {
    const source = format === 'v7' ? join(dir, '..', String(count)) : dir;
    execFileSync('tar', [
      `--format=${format}`,
      '--exclude=*nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn*',
      '-cf',
      file,
      '-C',
      source,
      '.',
    ]);
    const target = folder();
    const { diffId } = await unpackLayer({ blob: file, mediaType: '', target });
    assert.equal(diffId, sha256(readFileSync(file)), format);
    execFileSync('diff', ['-r', '--exclude=*nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn*', dir, target]);
  }
});

test('gzip (one member, several, big), zstd and plain layers give the same digest', async () => {
  const half = Buffer.alloc(6 << 20, 'some text that is long enough ');
  const tar = await tarOf(
    { name: 'a', body: half },
    { name: 'b', body: createHash('sha256').update('x').digest() },
  );
  const noise = Buffer.concat(
    [...Array(9)].map(() => Buffer.from(crypto.getRandomValues(new Uint8Array(65536)))),
  );
  const big = await tarOf(...Array.from({ length: 12 }, (_, n) => ({ name: `noise${n}`, body: noise })));
  const cases: [string, Buffer, Buffer][] = [
    ['plain', tar, tar],
    ['gzip', tar, gzipSync(tar)],
    ['two members', tar, Buffer.concat([gzipSync(tar.subarray(0, 5000)), gzipSync(tar.subarray(5000))])],
    ['zstd', tar, zstdCompressSync(tar)],
    ['big gzip', big, gzipSync(big, { level: 1 })],
    [
      'big, two members',
      big,
      Buffer.concat([gzipSync(big.subarray(0, 5000)), gzipSync(big.subarray(5000), { level: 1 })]),
    ],
    ['big zstd', big, zstdCompressSync(big)],
    [
      'bytes after the end',
      Buffer.concat([tar, Buffer.alloc(20_000, 7)]),
      gzipSync(Buffer.concat([tar, Buffer.alloc(20_000, 7)])),
    ],
  ];
  for (const [name, bytes, blob] of cases) {
    const { diffId } = await unpackLayer({ blob: blobOf(blob), mediaType: '', target: folder() });
    assert.equal(diffId, sha256(bytes), name);
  }
});

test('truncated and damaged layers are refused', async () => {
  const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(65536)));
  const small = await tarOf({ name: 'file', body: noise });
  const big = await tarOf(...Array.from({ length: 80 }, (_, n) => ({ name: `noise${n}`, body: noise })));
  const attempt = async (bytes: Buffer, pattern: RegExp): Promise<void> => {
    await assert.rejects(
      unpackLayer({ blob: blobOf(bytes), mediaType: '', target: folder() }),
      refused(pattern),
    );
  };
  await attempt(small.subarray(0, 30_000), /truncated/);
  for (const tar of [small, big]) {
    const zipped = gzipSync(tar, { level: 1 });
    await attempt(zipped.subarray(0, zipped.length - 2000), /damaged gzip|truncated/);
    const flipped = Buffer.from(zipped);
    flipped[flipped.length - 6] = (flipped[flipped.length - 6] ?? 0) ^ 1;
    await attempt(flipped, /damaged gzip/);
    const zstd = zstdCompressSync(tar);
    await attempt(zstd.subarray(0, zstd.length - 2000), /damaged zstd|truncated/);
  }
  const torn = Buffer.from(small);
  torn[3] = 65;
  await attempt(torn, /checksum/);
});

test('names that climb out are refused, absolute ones are taken as relative', async () => {
  for (const name of ['../outside/secret', 'a/../../outside/secret', '/../../etc/x', '..']) {
    await assert.rejects(unpackHostile({ name, body: 'evil' }), refused(/leads outside/));
  }
  const { target } = await unpackHostile({ name: '/etc/wharf-test', body: 'x' });
  assert.ok(existsSync(join(target, 'etc/wharf-test')));
  assert.equal(existsSync('/etc/wharf-test'), false);
});

test('symbolic links lead nowhere outside', async () => {
  const link = (linkname: string): Member => ({ name: 'link', type: 'symlink', linkname });
  await assert.rejects(
    unpackHostile(link('../outside'), { name: 'link/secret', body: 'evil' }),
    refused(/link\/secret/),
  );
  await assert.rejects(
    unpackHostile(link('/tmp'), { name: 'link/wharf-evil', body: 'x' }),
    refused(/wharf-evil/),
  );
  assert.equal(existsSync('/tmp/wharf-evil'), false);
  const { target } = await unpackHostile(link('../outside/secret'), { name: 'link', body: 'mine' });
  assert.equal(readFileSync(join(target, 'link'), 'utf8'), 'mine');
  await unpackHostile(
    link('../outside'),
    { name: 'link', type: 'directory', mode: 0o700 },
    { name: 'link/secret', body: 'mine' },
  );
  await assert.rejects(
    unpackHostile(
      { name: 'hard', type: 'link', linkname: '../outside/secret' },
      { name: 'hard', body: 'evil' },
    ),
    refused(/leads outside/),
  );
  await assert.rejects(
    unpackHostile({ name: 'hard', type: 'link', linkname: '/etc/passwd' }),
    refused(/hard.*missing/),
  );
  await assert.rejects(
    unpackHostile(link('../outside'), { name: 'hard', type: 'link', linkname: 'link/secret' }),
    refused(/hard.*missing/),
  );
  const odd = [
    link('../outside'),
    { name: 'link/.wh.secret', body: '' },
    { name: 'link/.wh..wh..opq', body: '' },
  ];
  await assert.rejects(unpackHostile(...odd), refused(/\.wh\.secret/));
});

test('entries replace what was there of another type', async () => {
  const { target } = await unpackHostile(
    { name: 'a', type: 'directory' },
    { name: 'a/b', body: 'x' },
    { name: 'a', body: 'now a file' },
    { name: 'c', body: 'x' },
    { name: 'c', type: 'directory' },
    { name: 'c/d', body: 'y' },
    { name: 'e', body: '1' },
    { name: 'e', body: '2' },
    { name: 'f', type: 'fifo' },
    { name: 'f', type: 'symlink', linkname: 'e' },
  );
  assert.equal(readFileSync(join(target, 'a'), 'utf8'), 'now a file');
  assert.equal(readFileSync(join(target, 'c/d'), 'utf8'), 'y');
  assert.equal(readFileSync(join(target, 'f'), 'utf8'), '2');
  await assert.rejects(
    unpackHostile({ name: 'a', body: '' }, { name: 'a/b', body: '' }),
    refused(/"a\/b".*not a directory/),
  );
  await assert.rejects(unpackHostile({ name: '.', body: 'x' }), refused(/./));
});

test('whiteouts: plain, of what the layer itself brings, opaque, and of nothing', async () => {
  const { target } = await unpackHostile(
    { name: 'gone/.wh.x', body: '' },
    { name: 'dir', type: 'directory' },
    { name: 'dir/own', body: 'own' },
    { name: '.wh.dir', body: '' },
    { name: '.wh.later', body: '' },
    { name: 'later', type: 'directory' },
    { name: '.wh.file', body: '' },
    { name: 'file', body: 'new' },
    { name: 'op/.wh..wh..opq', body: '' },
    { name: '.wh..wh.plnk', type: 'directory' },
  );
  assert.ok(isWhiteout(lstatSync(join(target, 'gone/x'))));
  assert.ok(isOpaque(join(target, 'dir')));
  assert.equal(readFileSync(join(target, 'dir/own'), 'utf8'), 'own');
  assert.ok(isOpaque(join(target, 'later')));
  assert.equal(readFileSync(join(target, 'file'), 'utf8'), 'new');
  assert.ok(isOpaque(join(target, 'op')));
  assert.deepEqual(readdirSync(target).sort(), ['dir', 'file', 'gone', 'later', 'op']);
  for (const name of ['.wh.', 'a/.wh..', '.wh...']) {
    await assert.rejects(unpackHostile({ name, body: '' }), refused(/whiteout of nothing/));
  }
});

test('absurd names, headers and sizes are refused', async () => {
  await assert.rejects(unpackHostile({ name: 'x/'.repeat(3000), body: '' }), refused(/too long/));
  await assert.rejects(unpackHostile({ name: 'y'.repeat(300), body: '' }), refused(/"yyy.*too long/));
  const pax = { note: 'z'.repeat(3 << 20) };
  await assert.rejects(unpackHostile({ name: 'big', pax, body: '' } as Member), refused(/extended header/));
  const bomb = gzipSync(await tarOf({ name: 'bomb', body: Buffer.alloc(64 << 20) }));
  assert.ok(bomb.length < 100_000);
  await assert.rejects(
    unpackLayer({ blob: blobOf(bomb), mediaType: '', target: folder(), maxUnpackedBytes: 1 << 20 }),
    refused(/more than 1048576 bytes/),
  );
});

test('missing parents are made, modes and owners are kept', async () => {
  const { target } = await unpackHostile(
    { name: 'a/b/c', body: 'x', uid: 1234, gid: 77, mode: 0o2640 },
    { name: 'ro', type: 'directory', mode: 0o555, mtime: new Date(1_000_000_000_000) },
    { name: 'ro/file', body: 'x' },
  );
  assert.equal(lstatSync(join(target, 'a/b')).mode & 0o7777, 0o755);
  const { uid, gid, mode } = lstatSync(join(target, 'a/b/c'));
  assert.deepEqual([uid, gid, mode & 0o7777], [1234, 77, 0o2640]);
  assert.equal(lstatSync(join(target, 'ro')).mtimeMs, 1_000_000_000_000);
});

test('a layer has its own owners and modes, whatever its directories pass on', async () => {
  const passing = { type: 'directory' as const, mode: 0o2775, gid: 50 };
  const tar = await tarOf(
    { name: 'early', mode: 0o666, body: 'x' },
    { name: 'suid', mode: 0o4755, body: 'x' },
    { name: 'shared/', ...passing },
    { name: 'shared/file', mode: 0o777, body: 'x' },
    { name: 'shared/link', type: 'symlink', linkname: 'file' },
    { name: 'owned', mode: 0o600, uid: 7, gid: 8, body: 'x' },
  );
  const plain = folder();
  const passesOn = folder();
  chownSync(passesOn, 0, 50);
  chmodSync(passesOn, 0o2755);
  for (const target of [plain, passesOn]) {
    await unpackLayer({ blob: blobOf(tar), mediaType: '', target });
    const found = (name: string): string => {
      const { mode, uid, gid } = lstatSync(join(target, name));
      return `${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
    };
    assert.equal(found('early'), '666 0:0');
    assert.equal(found('suid'), '4755 0:0');
    assert.equal(found('shared'), '2775 0:50');
    assert.equal(found('shared/file'), '777 0:0');
    assert.equal(found('shared/link'), '777 0:0');
    assert.equal(found('owned'), '600 7:8');
  }
});

test('a tree is packed and extracted inside its root, whatever links say', async () => {
  const dir = folder();
  writeFileSync(join(root, 'host-secret'), 'host');
  mkdirSync(join(dir, 'data/sub'), { recursive: true });
  writeFileSync(join(dir, 'data/sub/file'), 'inside');
  symlinkSync(join(root, 'host-secret'), join(dir, 'escape'));
  symlinkSync('../../../../data', join(dir, 'up'));
  await assert.rejects(
    buffer(packTree({ root: dir, path: '/escape', followLinks: true })),
    /no such file or directory/,
  );
  const stat = await statTree({ root: dir, path: '/escape' });
  assert.equal(stat.linkTarget, join(root, 'host-secret'));
  const bytes = await buffer(packTree({ root: dir, path: '/up/', rebase: 'renamed', followLinks: true }));
  const target = folder();
  mkdirSync(join(target, 'into'));
  symlinkSync(root, join(target, 'out'));
  await extractTree({ stream: Readable.from([gzipSync(bytes)]), root: target, into: '/into' });
  assert.equal(readFileSync(join(target, 'into/renamed/sub/file'), 'utf8'), 'inside');
  await assert.rejects(
    extractTree({ stream: Readable.from([bytes]), root: target, into: '/out' }),
    /no such directory/,
  );
  const clash = await tarOf({ name: 'renamed', body: 'file' });
  await assert.rejects(
    extractTree({ stream: Readable.from([clash]), root: target, into: '/into', noOverwriteDirNonDir: true }),
    refused(/cannot overwrite directory/),
  );
  const evil = await tarOf({ name: '../../etc/x', body: 'evil' });
  await assert.rejects(
    extractTree({ stream: Readable.from([evil]), root: target, into: '/into' }),
    refused(/leads outside/),
  );
});

test('a build context is extracted from any compression, with digests', async () => {
  const tar = await tarOf(
    { name: 'Dockerfile', body: 'FROM x' },
    { name: 'l', type: 'symlink', linkname: 'Dockerfile' },
  );
  const file = blobOf(tar);
  const compressed = (program: string): Buffer => execFileSync(program, ['-c', file]);
  for (const bytes of [tar, gzipSync(tar), zstdCompressSync(tar), compressed('xz'), compressed('bzip2')]) {
    const target = folder();
    // In tiny pieces, as a slow client sends.
    const stream = Readable.from([bytes.subarray(0, 1), bytes.subarray(1, 4), bytes.subarray(4)]);
    const { files } = await extractContext({ stream, target });
    assert.equal(readFileSync(join(target, 'Dockerfile'), 'utf8'), 'FROM x');
    assert.equal(files.get('Dockerfile')?.digest, sha256(Buffer.from('FROM x')));
    assert.equal(files.get('l')?.link, 'Dockerfile');
  }
  const empty = await extractContext({ stream: Readable.from([]), target: folder() });
  assert.equal(empty.files.size, 0);
});

test('a cancelled or broken transfer ends soon', async () => {
  const stop = new AbortController();
  const stalled = new PassThrough();
  stalled.write(Buffer.alloc(100, 1));
  const waiting = extractContext({ stream: stalled, target: folder(), signal: stop.signal });
  setTimeout(() => stop.abort(), 50);
  await assert.rejects(waiting, /cancelled/);
  const broken = new PassThrough();
  broken.write(Buffer.alloc(100, 1));
  const failing = extractContext({ stream: broken, target: folder() });
  setTimeout(() => broken.destroy(new Error('client went away')), 50);
  await assert.rejects(failing, /client went away/);
  const dir = folder();
  writeFileSync(join(dir, 'big'), Buffer.alloc(8 << 20));
  const half = packTree({ root: dir });
  await new Promise((resolve) => half.once('readable', resolve));
  half.destroy();
});

test('a layer packs compressed, and a full disk is told', async () => {
  const dir = folder();
  for (let n = 0; n < 100; n++) writeFileSync(join(dir, `f${n}`), `content ${n}`.repeat(500));
  const plain = await packLayer({ dir });
  for (const compress of ['gzip', 'zstd'] as const) {
    const output = join(root, `layer.${compress}`);
    const packed = await packLayer({ dir, output, compress });
    assert.equal(packed.diffId, plain.diffId);
    assert.equal(packed.digest, sha256(readFileSync(output)));
    assert.ok(packed.sizeBytes < packed.tarBytes / 2);
    const { diffId } = await unpackLayer({ blob: output, mediaType: '', target: folder() });
    assert.equal(diffId, plain.diffId);
  }
  truncateSync(join(dir, 'f0'), 30 << 20);
  const small = folder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]);
  try {
    const output = join(small, 'layer.tar');
    await assert.rejects(packLayer({ dir, output }), /no space left on device/);
    assert.equal(existsSync(output), false);
    const blob = blobOf(await tarOf({ name: 'big', body: Buffer.alloc(4 << 20) }));
    await assert.rejects(unpackLayer({ blob, mediaType: '', target: small }), /no space left on device.*big/);
  } finally {
    execFileSync('umount', [small]);
  }
});
