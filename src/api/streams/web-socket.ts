// The server's end of a WebSocket (RFC 6455): its opening, and messages as a duplex stream of bytes.
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Duplex } from 'node:stream';
import { invalid } from '#shared/errors.ts';

const acceptSuffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const longestControlBytes = 125;
const longestFrameBytes = 1024 * 1024;

/** Headers of the 101 answer. Throws `invalid` for what is no proper opening. */
export function acceptWebSocket(headers: IncomingHttpHeaders): Record<string, string> {
  const key = headers['sec-websocket-key'];
  if (typeof key !== 'string' || Buffer.from(key, 'base64').length !== 16) {
    throw invalid('bad request: missing or bad Sec-WebSocket-Key');
  }
  if (headers['sec-websocket-version'] !== '13') {
    throw invalid('bad request: unsupported Sec-WebSocket-Version');
  }
  const accept = createHash('sha1')
    .update(key + acceptSuffix)
    .digest('base64');
  return { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': accept };
}

/** One frame from the server: whole, not masked. */
export function webSocketFrame(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  header[0] = 0x80 | opcode;
  if (length < 126) header[1] = length;
  else if (length < 65_536) {
    header[1] = 126;
    header.writeUInt16BE(length, 2);
  } else {
    header[1] = 127;
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([header, payload]);
}

export interface ReceivedFrame {
  opcode: number;
  payload: Buffer;
  /** Bytes of the frame in what was given. */
  usedBytes: number;
}

/** The frame that `bytes` begin with; undefined while it is not whole. Throws `invalid` for one that must not be. */
export function parseWebSocketFrame(bytes: Buffer): ReceivedFrame | undefined {
  if (bytes.length < 2) return undefined;
  const first = bytes.readUInt8(0);
  const second = bytes.readUInt8(1);
  const opcode = first & 0x0f;
  if ((first & 0x70) !== 0 || (second & 0x80) === 0) throw invalid('websocket: protocol error');
  const short = second & 0x7f;
  const lengthEnd = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < lengthEnd + 4) return undefined;
  const length =
    short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  const limit = opcode >= opcodes.close ? longestControlBytes : longestFrameBytes;
  if (length > limit) throw invalid('websocket: message too big');
  const usedBytes = lengthEnd + 4 + length;
  if (bytes.length < usedBytes) return undefined;
  const mask = bytes.subarray(lengthEnd, lengthEnd + 4);
  const payload = Buffer.from(bytes.subarray(lengthEnd + 4, usedBytes));
  for (let at = 0; at < length; at++) payload[at] = (payload[at] ?? 0) ^ (mask[at % 4] ?? 0);
  return { opcode, payload, usedBytes };
}

/**
 * The messages of `socket` as a stream: what is written goes out as frames (text where `text`, else binary), what
 * comes in is read, at the reader's pace. Ending it closes the WebSocket; its disposal is the socket's.
 */
export function webSocketStream(socket: Duplex, head: Buffer, options: { text: boolean }): Duplex {
  const opcode = options.text ? opcodes.text : opcodes.binary;
  const input = new WebSocketInput(socket);
  const stream = new Duplex({
    write: (piece: Buffer, _encoding, done) => {
      if (socket.destroyed) done();
      else if (socket.write(webSocketFrame(opcode, piece))) done();
      else onceDrained(socket, done);
    },
    final: (done) => {
      if (!socket.destroyed) socket.end(webSocketFrame(opcodes.close, Buffer.from([0x03, 0xe8])));
      done();
    },
    read: () => void socket.resume(),
    destroy: (_thrown, done) => {
      socket.destroy();
      done(null);
    },
  });
  const take = (piece: Buffer): void => {
    if (!input.take(piece, (payload) => stream.push(payload))) socket.pause();
    if (input.over) stream.push(null);
  };
  socket.on('data', take);
  socket.once('end', () => input.over || stream.push(null));
  socket.once('close', () => stream.destroy());
  if (head.length > 0) take(head);
  return stream;
}

function onceDrained(socket: Duplex, done: () => void): void {
  const settle = (): void => {
    socket.off('drain', settle).off('close', settle);
    done();
  };
  socket.on('drain', settle).on('close', settle);
}

/** Takes frames out of what comes; answers pings and the closing. */
class WebSocketInput {
  /** The client has closed, or said what it must not. */
  over = false;
  #rest: Buffer = Buffer.alloc(0);
  readonly #socket: Duplex;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** False where the reader has enough for now. */
  take(piece: Buffer, push: (payload: Buffer) => boolean): boolean {
    this.#rest = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    let goOn = true;
    while (!this.over) {
      const frame = this.#next();
      if (frame === undefined) break;
      this.#rest = this.#rest.subarray(frame.usedBytes);
      if (frame.opcode < opcodes.close) goOn = push(frame.payload) && goOn;
      else this.#control(frame);
    }
    return goOn;
  }

  #next(): ReceivedFrame | undefined {
    try {
      return parseWebSocketFrame(this.#rest);
    } catch {
      this.over = true;
      return undefined;
    }
  }

  #control({ opcode, payload }: ReceivedFrame): void {
    if (opcode === opcodes.ping) this.#socket.write(webSocketFrame(opcodes.pong, payload));
    if (opcode === opcodes.close) this.over = true;
  }
}
