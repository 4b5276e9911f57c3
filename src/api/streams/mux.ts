// Docker's stream multiplexing: 8 bytes (stream, three zeros, length big-endian) before each piece of output.

export const rawStream = 'application/vnd.docker.raw-stream';
export const multiplexedStream = 'application/vnd.docker.multiplexed-stream';

/** The header of a frame: 1 is stdout, 2 stderr, 3 the engine's own error. */
export function frameHeader(stream: 0 | 1 | 2 | 3, lengthBytes: number): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(lengthBytes, 4);
  return header;
}
