// WebSocket frames: every length comes back, masks are taken off, and what must not be is refused.
import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  acceptWebSocket,
  parseWebSocketFrame,
  webSocketFrame,
  webSocketStream,
} from '#api/streams/web-socket.ts';
import { isKind } from '#shared/errors.ts';

/** As a client sends it: with a mask. */
function masked(opcode: number, payload: Buffer): Buffer {
  const plain = webSocketFrame(opcode, payload);
  const headerBytes = plain.length - payload.length;
  const mask = Buffer.from([1, 2, 3, 250]);
  const header = Buffer.from(plain.subarray(0, headerBytes));
  header[1] = (header[1] ?? 0) | 0x80;
  const body = Buffer.from(payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0)));
  return Buffer.concat([header, mask, body]);
}

test('the opening is answered as RFC 6455 shows it', () => {
  const headers = { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13' };
  assert.equal(acceptWebSocket(headers)['Sec-WebSocket-Accept'], 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  assert.throws(() => acceptWebSocket({ ...headers, 'sec-websocket-key': 'x' }), /Sec-WebSocket-Key/);
  assert.throws(() => acceptWebSocket({ ...headers, 'sec-websocket-version': '8' }), /Version/);
});

test('a frame comes back whole, and not before it is whole', () => {
  for (const length of [0, 1, 125, 126, 65_535, 65_536]) {
    const payload = Buffer.alloc(length, 'x');
    const frame = masked(2, payload);
    assert.equal(parseWebSocketFrame(frame.subarray(0, -1)), undefined);
    const parsed = parseWebSocketFrame(Buffer.concat([frame, Buffer.from('more')]));
    assert.deepEqual(parsed?.payload, payload);
    assert.equal(parsed?.usedBytes, frame.length);
  }
});

test('any bytes are a frame, the beginning of one, or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        parseWebSocketFrame(Buffer.from(bytes));
      } catch (thrown) {
        assert.ok(isKind(thrown, 'invalid'));
      }
    }),
  );
});

test('messages become a stream; a ping is answered, a close ends it', async () => {
  const [near, far] = duplexPair();
  const stream = webSocketStream(far, Buffer.alloc(0), { text: false });
  const sent = Buffer.concat([
    masked(2, Buffer.from('he')),
    masked(9, Buffer.from('?')),
    masked(1, Buffer.from('llo')),
    masked(8, Buffer.alloc(0)),
  ]);
  for (let at = 0; at < sent.length; at += 3) near.write(sent.subarray(at, at + 3));
  let seen = '';
  for await (const piece of stream) seen += piece;
  assert.equal(seen, 'hello');
  assert.deepEqual(near.read(), webSocketFrame(10, Buffer.from('?')));
});
