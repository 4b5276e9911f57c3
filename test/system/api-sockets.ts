// Connections that are handed over: by `Upgrade: tcp`, and as a WebSocket.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Raw upgraded connection; what came with the head is given back. */
export async function upgrade(engine: string, path: string, body = ''): Promise<Socket> {
  const socket = connect({ path: engine, allowHalfOpen: true });
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  let head = Buffer.alloc(0);
  while (!head.includes('\r\n\r\n')) {
    await once(socket, 'readable');
    head = Buffer.concat([head, (socket.read() as Buffer | null) ?? Buffer.alloc(0)]);
  }
  assert.match(head.toString('latin1'), /^HTTP\/1\.1 101/);
  const rest = head.subarray(head.indexOf('\r\n\r\n') + 4);
  if (rest.length > 0) socket.unshift(rest);
  return socket;
}

export async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

/** A WebSocket whose opening has been answered; frames come as bytes. */
export async function openWebSocket(engine: string, path: string): Promise<Socket> {
  const socket = connect({ path: engine });
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  let head = '';
  while (!head.includes('\r\n\r\n')) {
    await once(socket, 'readable');
    head += String(socket.read() ?? '');
  }
  assert.match(head, /^HTTP\/1\.1 101[\s\S]*s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/);
  return socket;
}
