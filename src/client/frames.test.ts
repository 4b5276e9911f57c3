// Frames of stdout and stderr, whatever pieces they come in.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameReader } from './frames.ts';

function frame(type: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header[0] = type;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

test('any cut of the bytes gives the same output', () => {
  const part = fc.tuple(fc.constantFrom(1, 2), fc.uint8Array({ maxLength: 40 }));
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
      (parts, cuts) => {
        const bytes = Buffer.concat(parts.map(([type, data]) => frame(type, Buffer.from(data))));
        const reader = new FrameReader();
        const out: Record<string, Buffer[]> = { stdout: [], stderr: [] };
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const end = at + (cuts[turn % cuts.length] ?? 1);
          for (const { stream, data } of reader.read(bytes.subarray(at, end))) out[stream]?.push(data);
          at = end;
        }
        const wanted = (type: number) =>
          Buffer.concat(parts.filter(([each]) => each === type).map(([, data]) => Buffer.from(data)));
        assert.deepEqual(Buffer.concat(out['stdout'] ?? []), wanted(1));
        assert.deepEqual(Buffer.concat(out['stderr'] ?? []), wanted(2));
      },
    ),
  );
});

test('bytes that are no frames are refused', () => {
  assert.throws(
    () => new FrameReader().read(Buffer.from('hello world, this is raw')),
    /Unrecognized input header|engine failed/,
  );
});
