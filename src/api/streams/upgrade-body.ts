// The body of a request that asks for an upgrade: Node leaves it unread on the socket, before the client's stdin.
import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import { invalid } from '#shared/errors.ts';

const longestBodyBytes = 1024 * 1024;

export interface UpgradeBody {
  body: Buffer;
  /** What came after the body in the same packet: already the client's stdin. */
  rest: Buffer;
}

type Step = UpgradeBody | 'more';

/** Reads exactly the body that the headers announce (Content-Length or chunked); without either there is none. */
export async function readUpgradeBody(
  socket: Duplex,
  head: Buffer,
  headers: IncomingHttpHeaders,
): Promise<UpgradeBody> {
  const parse = parserFor(headers);
  let seen = head;
  for (;;) {
    const step = parse(seen);
    if (step !== 'more') return step;
    if (seen.length > longestBodyBytes) throw invalid('http: request body too large');
    seen = Buffer.concat([seen, await nextPiece(socket)]);
  }
}

function parserFor(headers: IncomingHttpHeaders): (seen: Buffer) => Step {
  if (/\bchunked\b/i.test(headers['transfer-encoding'] ?? '')) return parseChunked;
  const lengthBytes = Number(headers['content-length'] ?? 0);
  if (!Number.isSafeInteger(lengthBytes) || lengthBytes < 0 || lengthBytes > longestBodyBytes) {
    throw invalid('http: request body too large');
  }
  return (seen) =>
    seen.length < lengthBytes
      ? 'more'
      : { body: seen.subarray(0, lengthBytes), rest: seen.subarray(lengthBytes) };
}

/** RFC 9112, 7.1. Starts over with every packet: bodies here are a few hundred bytes. */
function parseChunked(seen: Buffer): Step {
  const pieces: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = seen.indexOf('\r\n', at);
    if (lineEnd < 0) return 'more';
    const sizeText = seen.toString('latin1', at, lineEnd).split(';', 1)[0]?.trim() ?? '';
    if (!/^[0-9a-f]{1,8}$/i.test(sizeText)) throw invalid('invalid chunked body');
    const sizeBytes = Number.parseInt(sizeText, 16);
    const start = lineEnd + 2;
    if (seen.length < start + sizeBytes + 2) return 'more';
    at = start + sizeBytes + 2;
    if (sizeBytes === 0) return { body: Buffer.concat(pieces), rest: seen.subarray(at) };
    pieces.push(seen.subarray(start, start + sizeBytes));
  }
}

function nextPiece(socket: Duplex): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      socket.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onEnd);
      socket.pause();
      finish();
    };
    const onData = (piece: Buffer): void => settle(() => resolve(piece));
    const onEnd = (): void => settle(() => reject(invalid('unexpected EOF in the request body')));
    socket.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onEnd);
    socket.resume();
  });
}
