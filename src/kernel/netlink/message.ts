// Netlink messages as bytes: header, attributes, and back (include/uapi/linux/netlink.h, rtnetlink.h).

export const RTM = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  SETLINK: 19,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
} as const;

export const NLM_F = { REQUEST: 1, ACK: 4, DUMP: 0x300, REPLACE: 0x100, EXCL: 0x200, CREATE: 0x400 } as const;

export interface NetlinkRequest {
  type: number;
  flags: number;
  /** The fixed part of the type (ifinfomsg, ifaddrmsg, rtmsg) and its attributes. */
  body: Buffer;
}

export interface NetlinkAnswer {
  type: number;
  sequence: number;
  body: Buffer;
}

const headerBytes = 16;
const align4 = (length: number): number => (length + 3) & ~3;

/** One attribute: a number is written as 32 bits, a text with its closing zero, a list as nested attributes. */
export function attribute(type: number, value: Buffer | Buffer[] | string | number): Buffer {
  const payload = attributeBytes(value);
  const bytes = Buffer.alloc(align4(4 + payload.length));
  bytes.writeUInt16LE(4 + payload.length, 0);
  bytes.writeUInt16LE(type, 2);
  payload.copy(bytes, 4);
  return bytes;
}

function attributeBytes(value: Buffer | Buffer[] | string | number): Buffer {
  if (typeof value === 'string') return Buffer.from(`${value}\0`);
  if (Array.isArray(value)) return Buffer.concat(value);
  if (typeof value !== 'number') return value;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value, 0);
  return bytes;
}

/** struct ifinfomsg. `up` sets or clears IFF_UP; left out, the flags stay as they are. */
export function linkHead(index: number, up?: boolean): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeInt32LE(index, 4);
  bytes.writeUInt32LE(up === true ? 1 : 0, 8);
  bytes.writeUInt32LE(up === undefined ? 0 : 1, 12);
  return bytes;
}

/** struct ifaddrmsg for IPv4, or IPv6 where `family` is 10. */
export function addressHead(family: number, prefixLength: number, index: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt8(family, 0);
  bytes.writeUInt8(prefixLength, 1);
  bytes.writeUInt32LE(index, 4);
  return bytes;
}

/** struct rtmsg of a static unicast route in the main table. */
export function routeHead(family: number, prefixLength: number, scope: number): Buffer {
  return Buffer.from([family, prefixLength, 0, 0, 254, 3, scope, 1, 0, 0, 0, 0]);
}

/** The bytes of several requests, numbered from `sequence` on. */
export function encodeRequests(requests: NetlinkRequest[], sequence: number): Buffer {
  const parts = requests.map(({ type, flags, body }, index) => {
    const bytes = Buffer.alloc(align4(headerBytes + body.length));
    bytes.writeUInt32LE(headerBytes + body.length, 0);
    bytes.writeUInt16LE(type, 4);
    bytes.writeUInt16LE(flags | NLM_F.REQUEST, 6);
    bytes.writeUInt32LE(sequence + index, 8);
    body.copy(bytes, headerBytes);
    return bytes;
  });
  return Buffer.concat(parts);
}

/** The messages in one datagram from the kernel. */
export function decodeAnswers(bytes: Buffer): NetlinkAnswer[] {
  const answers: NetlinkAnswer[] = [];
  for (let at = 0; at + headerBytes <= bytes.length; ) {
    const length = bytes.readUInt32LE(at);
    if (length < headerBytes || at + length > bytes.length) break;
    answers.push({
      type: bytes.readUInt16LE(at + 4),
      sequence: bytes.readUInt32LE(at + 8),
      body: Buffer.from(bytes.subarray(at + headerBytes, at + length)),
    });
    at += align4(length);
  }
  return answers;
}

/** The attributes after a message's fixed part, by type; of equal types the last. */
export function decodeAttributes(body: Buffer, from: number): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = from; at + 4 <= body.length; ) {
    const length = body.readUInt16LE(at);
    if (length < 4 || at + length > body.length) break;
    found.set(body.readUInt16LE(at + 2) & 0x3fff, body.subarray(at + 4, at + length));
    at += align4(length);
  }
  return found;
}

/** The text of a zero-ended attribute. */
export function attributeText(value: Buffer | undefined): string {
  return value === undefined ? '' : value.toString('utf8').replace(/\0.*$/s, '');
}
