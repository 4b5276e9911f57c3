// What is read from a manifest, and that no bytes do more than be refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mediaTypes } from '#shared/oci/specs.ts';
import { HubFailure } from '../failures.ts';
import { readManifest } from './manifest-facts.ts';

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value));
const part = (letter: string, extra: object = {}) => ({
  mediaType: 'application/x',
  digest: digest(letter),
  size: 5,
  ...extra,
});

test('config and layers are needed, but not those that lie elsewhere', () => {
  const manifest = {
    schemaVersion: 2,
    config: part('a'),
    layers: [part('b'), part('c', { urls: ['https://example.org/c'] })],
    subject: part('d'),
    annotations: { x: 'y', bad: 1 },
  };
  assert.deepEqual(readManifest(bytesOf(manifest), mediaTypes.ociManifest), {
    mediaType: mediaTypes.ociManifest,
    blobs: [
      { digest: digest('a'), sizeBytes: 5 },
      { digest: digest('b'), sizeBytes: 5 },
    ],
    children: [],
    subject: digest('d'),
    artifactType: 'application/x',
    annotations: { x: 'y' },
  });
});

test('the media type is that of the header, and the document must not deny it', () => {
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [part('a')] };
  assert.equal(readManifest(bytesOf(index), undefined).mediaType, mediaTypes.ociIndex);
  assert.equal(readManifest(bytesOf(index), `${mediaTypes.ociIndex}; charset=utf-8`).children.length, 1);
  assert.throws(() => readManifest(bytesOf(index), mediaTypes.dockerList), { code: 'MANIFEST_INVALID' });
  assert.throws(() => readManifest(bytesOf(index), 'text/plain'), { code: 'MANIFEST_INVALID' });
});

test('a document is not both a manifest and an index', () => {
  const both = { schemaVersion: 2, config: part('a'), layers: [], manifests: [part('b')] };
  for (const type of [mediaTypes.ociManifest, mediaTypes.ociIndex]) {
    assert.throws(() => readManifest(bytesOf(both), type), { code: 'MANIFEST_INVALID' });
  }
});

test('no document throws anything but a refusal', () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(mediaTypes.ociManifest, mediaTypes.ociIndex), (text, type) => {
      try {
        readManifest(Buffer.from(text), type);
      } catch (thrown) {
        assert.ok(thrown instanceof HubFailure && thrown.code === 'MANIFEST_INVALID');
      }
    }),
  );
  assert.throws(() => readManifest(Buffer.from([0xff, 0xfe]), undefined), { code: 'MANIFEST_INVALID' });
});
