// A file's bytes to a client: two buffers a transfer, so that many slow clients take little memory.
import { type FileHandle, open } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { Span } from './ranges.ts';

/** Buffers of one size, used again and again. */
interface Pool {
  bytes: number;
  spare: Buffer[];
  maxSpare: number;
}

// A read costs a trip to the thread pool, whatever its length: a few transfers get large buffers, a crowd small ones.
const large: Pool = { bytes: 1 << 20, spare: [], maxSpare: 8 };
const small: Pool = { bytes: 1 << 17, spare: [], maxSpare: 400 };
const maxLarge = 12;
let transfers = 0;

// A crowd's buffers are kept for the next one, or garbage would pile up faster than it is collected; but not for ever.
const keptMs = 30_000;
let emptying: NodeJS.Timeout | undefined;

function emptyPools(): void {
  if (transfers > 0) return;
  large.spare = [];
  small.spare = [];
}

/**
 * Sends the span of the file as the rest of the answer and ends it. Reading the next piece overlaps with sending
 * the one before. Where the client goes away, or the file is too short, it throws, and the answer is torn.
 */
export async function sendFile(response: ServerResponse, path: string, span: Span): Promise<void> {
  const file = await open(path, 'r');
  const pool = transfers++ < maxLarge ? large : small;
  const buffers: [Buffer, Buffer] = [bufferOf(pool), bufferOf(pool)];
  let sending: Promise<void> | undefined;
  try {
    let turn = 0;
    for (let at = span.start; at < span.end; turn ^= 1) {
      const buffer = turn === 0 ? buffers[0] : buffers[1];
      const bytes = await readPiece(file, { buffer, at, end: span.end });
      at += bytes.length;
      await sending;
      sending = writePiece(response, bytes);
      sending.catch(() => {});
    }
    await sending;
    response.end();
    // Only now: what a torn connection still holds must not be written to.
    for (const buffer of buffers) if (pool.spare.length < pool.maxSpare) pool.spare.push(buffer);
  } finally {
    transfers--;
    clearTimeout(emptying);
    emptying = setTimeout(emptyPools, keptMs).unref();
    await file.close();
  }
}

const bufferOf = (pool: Pool): Buffer => pool.spare.pop() ?? Buffer.allocUnsafeSlow(pool.bytes);

async function readPiece(
  file: FileHandle,
  { buffer, at, end }: { buffer: Buffer; at: number; end: number },
): Promise<Buffer> {
  const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - at), at);
  if (bytesRead === 0) throw new Error('the file is shorter than its record says');
  return buffer.subarray(0, bytesRead);
}

/** Resolves once the socket has taken the bytes, so that their buffer may be used again. */
export function writePiece(response: ServerResponse, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(Object.assign(new Error('the client went away'), { code: 'ECONNRESET' }));
    if (response.destroyed) return gone();
    response.once('close', gone);
    response.write(bytes, (thrown) => {
      response.off('close', gone);
      if (thrown) reject(thrown);
      else resolve();
    });
  });
}
