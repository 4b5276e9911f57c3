// Looks names up as a libc does (RFC 1035): both questions, A and AAAA, at once on a socket of their own. What every
// look-up needs is made once: a collector of garbage at work would be the slowest of the look-ups.
import { close, dialDatagrams, placeOf, receive, send } from './sockets.ts';

const TYPE = { A: 1, AAAA: 28 } as const;
const headBytes = 12;
const answer = Buffer.alloc(4096);
let lastId = 0;

function questionOf(name: string, type: number): Buffer {
  const labels = name
    .split('.')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  const head = Buffer.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([head, ...labels, Buffer.from([0, 0, type, 0, 1])]);
}

/**
 * Looks the name up each time it is called, and gives its first IPv4 address as the bytes of a buffer that is always the
 * same. Throws where the server gives none, or nothing within two seconds.
 */
export function openLookUp(nameserver: string, name: string): () => Buffer {
  const place = placeOf(nameserver, 53);
  const four = questionOf(name, TYPE.A);
  const six = questionOf(name, TYPE.AAAA);
  const found = Buffer.alloc(4);
  return () => {
    lastId = (lastId + 2) % 0xfffe;
    four.writeUInt16BE(lastId, 0);
    six.writeUInt16BE(lastId + 1, 0);
    const socket = dialDatagrams(place);
    try {
      send(socket, four);
      send(socket, six);
      let isFound = false;
      for (let answers = 0; answers < 2; answers++) {
        receive(socket, answer);
        if (answer.readUInt16BE(0) === lastId) isFound = readAddress(four.length, found);
      }
      if (!isFound) throw new Error(`${name} has no address`);
      return found;
    } finally {
      close(socket);
    }
  };
}

// After the question comes the first record: a name (here always a pointer or the labels again), ten bytes, the address.
function readAddress(questionEnd: number, into: Buffer): boolean {
  if (answer.readUInt16BE(6) === 0) return false;
  const isPointer = answer.readUInt8(questionEnd) >= 0xc0;
  const nameBytes = isPointer ? 2 : questionEnd - headBytes - 4;
  const at = questionEnd + nameBytes + 10;
  return answer.copy(into, 0, at, at + 4) === 4;
}
