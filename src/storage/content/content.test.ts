// The content store: verified arrival, resume, refusal of wrong bytes, and what a torn write leaves.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { EngineError, isKind } from '#shared/errors.ts';
import { digestOf, openContent } from './content.ts';

const root = mkdtempSync(join(tmpdir(), 'wharf-content-'));
after(() => rmSync(root, { recursive: true, force: true }));
const bytes = Buffer.from('some bytes of a blob '.repeat(1000));
const digest = digestOf(bytes);
const expected = { digest, size: bytes.length };

test('a blob is put, read, listed and deleted', async () => {
  const content = openContent(join(root, 'put'));
  assert.equal(await content.put(bytes), digest);
  assert.equal(await content.put(bytes), digest);
  assert.equal(content.size(digest), bytes.length);
  assert.deepEqual(await content.read(digest), bytes);
  assert.deepEqual(content.list(), [digest]);
  assert.equal(content.delete(digest), true);
  assert.equal(content.has(digest), false);
  await assert.rejects(content.read(digest), (thrown) => isKind(thrown, 'not-found'));
});

test('a torn download goes on where it ended, also after a reopen', async () => {
  const dir = join(root, 'resume');
  {
    await using ingest = await openContent(dir).ingest(digest, expected);
    await ingest.write(bytes.subarray(0, 700));
  }
  const content = openContent(dir);
  assert.equal(content.has(digest), false);
  await using ingest = await content.ingest(digest, expected);
  assert.equal(ingest.offset, 700);
  await ingest.write(bytes.subarray(700));
  await ingest.commit();
  assert.deepEqual(await content.read(digest), bytes);
  assert.deepEqual(content.ingests(), []);
});

test('wrong bytes, too few and too many are refused and nothing is kept', async () => {
  const content = openContent(join(root, 'wrong'));
  const attempt = async (sent: Buffer): Promise<void> => {
    await using ingest = await content.ingest('some key', expected);
    assert.equal(ingest.offset, 0);
    await ingest.write(sent);
    await ingest.commit();
  };
  const wrong = Buffer.from(bytes);
  wrong[5] = 1;
  await assert.rejects(
    attempt(wrong),
    (thrown) =>
      thrown instanceof EngineError &&
      thrown.kind === 'invalid' &&
      thrown.message.includes(digest) &&
      thrown.message.includes(digestOf(wrong)),
  );
  await assert.rejects(attempt(bytes.subarray(1)), /expected 21000 bytes, got 20999/);
  await assert.rejects(attempt(Buffer.concat([bytes, bytes])), /more than the expected/);
  assert.deepEqual(content.ingests(), []);
  assert.deepEqual(content.list(), []);
});

test('two writers of one blob at a time are refused', async () => {
  const content = openContent(join(root, 'two'));
  await using first = await content.ingest(digest, expected);
  await assert.rejects(content.ingest(digest, expected), (thrown) => isKind(thrown, 'conflict'));
  await first.discard();
  await using second = await content.ingest(digest, expected);
  assert.equal(second.offset, 0);
});

test('a damaged blob is not read as if it were sound; torn puts are swept', async () => {
  const dir = join(root, 'damaged');
  const content = openContent(dir);
  await content.put(bytes);
  truncateSync(content.path(digest), 10);
  await assert.rejects(content.read(digest), /is damaged/);
  await content.put(bytes);
  assert.deepEqual(await content.read(digest), bytes);
  const torn = join(dir, 'ingest', 'put-00');
  writeFileSync(torn, 'x');
  openContent(dir);
  assert.equal(existsSync(torn), false);
});

test('a blob that the disk may not have yet is looked at again at the next start', async () => {
  const dir = join(root, 'unsynced');
  const marks = join(dir, 'unsynced');
  {
    const content = openContent(dir);
    await using ingest = await content.ingest(digest, expected);
    await ingest.write(bytes);
    await ingest.commit({ sync: 'later' });
    assert.deepEqual(await content.read(digest), bytes);
  }
  const other = Buffer.from('another');
  writeFileSync(join(root, 'scratch'), other);
  openContent(dir).adopt(join(root, 'scratch'), { digest: digestOf(other), size: other.length });
  assert.equal(existsSync(join(root, 'scratch')), false);
  // As a power cut leaves them: marked, one whole, one torn.
  for (const each of [bytes, other]) writeFileSync(join(marks, digestOf(each).slice(7)), String(each.length));
  truncateSync(join(dir, 'blobs/sha256', digest.slice(7)), 5);
  const content = openContent(dir);
  assert.equal(content.has(digest), false);
  assert.deepEqual(await content.read(digestOf(other)), other);
});

test('a blob is followed while it arrives, to its end or to where it broke off', async () => {
  const content = openContent(join(root, 'follow'));
  const big = Buffer.alloc(3_000_000, 'follow me ');
  const whole = { digest: digestOf(big), size: big.length };
  {
    await using ingest = await content.ingest(whole.digest, whole);
    await ingest.write(big.subarray(0, 2_000_000));
  }
  await using ingest = await content.ingest(whole.digest, whole);
  const following = buffer(ingest.follow());
  await ingest.write(big.subarray(2_000_000));
  await ingest.commit();
  assert.deepEqual(await following, big);
  await using broken = await content.ingest(digest, expected);
  const torn = assert.rejects(buffer(broken.follow()), /broke off/);
  await broken.write(bytes.subarray(0, 100));
  await broken.discard();
  await torn;
});
