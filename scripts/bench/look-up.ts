// Looks names up as a libc does (RFC 1035): both questions, A and AAAA, at once on a socket of their own.
import { close, dialDatagrams, receive, send } from './sockets.ts';

const timeoutMs = 2_000;
const TYPE = { A: 1, AAAA: 28 } as const;
const headBytes = 12;
const answer = Buffer.alloc(4096);
let lastId = 0;

function questionOf(name: string, type: number): Buffer {
  lastId = (lastId + 1) % 0x1_0000;
  const head = Buffer.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  head.writeUInt16BE(lastId, 0);
  const labels = name
    .split('.')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([head, ...labels, Buffer.from([0, 0, type, 0, 1])]);
}

/** The first IPv4 address of a name; throws where the server gives none, or nothing within two seconds. */
export function lookUp(nameserver: string, name: string): string {
  const socket = dialDatagrams(nameserver, 53, timeoutMs);
  try {
    const questions = [questionOf(name, TYPE.A), questionOf(name, TYPE.AAAA)];
    for (const question of questions) send(socket, question);
    const [first] = questions;
    let found: string | undefined;
    for (const _ of questions) {
      const length = receive(socket, answer);
      if (answer.readUInt16BE(0) === first?.readUInt16BE(0))
        found = addressIn(answer.subarray(0, length), first.length);
    }
    if (found === undefined) throw new Error(`${name} has no address`);
    return found;
  } finally {
    close(socket);
  }
}

// After the question comes the first record: a name (here always a pointer or the labels again), ten bytes, the address.
function addressIn(bytes: Buffer, questionEnd: number): string | undefined {
  if (bytes.readUInt16BE(6) === 0) return undefined;
  const isPointer = bytes.readUInt8(questionEnd) >= 0xc0;
  const nameBytes = isPointer ? 2 : questionEnd - headBytes - 4;
  const at = questionEnd + nameBytes + 10;
  return [...bytes.subarray(at, at + 4)].join('.');
}
