// Elements of nftables sets and maps as netlink messages (include/uapi/linux/netfilter/nf_tables.h): some hundred
// times cheaper than a run of nft(8), and still one transaction.
import { attribute, type NetlinkRequest, NLM_F } from './message.ts';

export const NFPROTO = { inet: 1, bridge: 7 } as const;
export type NftFamily = keyof typeof NFPROTO;

export const NETLINK_NETFILTER = 12;
const subsystem = 10;
const NFT_MSG = { GETTABLE: 1, GETRULE: 7, NEWSETELEM: 12, DELSETELEM: 14, GETGEN: 16 } as const;
const BATCH = { BEGIN: 16, END: 17 } as const;
const NESTED = 0x8000;
const LIST = { TABLE: 1, SET: 2, ELEMENTS: 3 } as const;
const ELEMENT = { KEY: 1, DATA: 2, FLAGS: 3 } as const;
const INTERVAL_END = Buffer.from([0, 0, 0, 1]);
const dataValue = 1;
const listElement = 1;

export interface ElementChange {
  verb: 'add' | 'delete';
  family: NftFamily;
  table: string;
  /** Name of the set or map. */
  holder: string;
  key: Buffer;
  /** Of a map's element. */
  data?: Buffer;
  /** Of a set of intervals: the first key after those that begin at `key`. */
  end?: Buffer;
}

/** struct nfgenmsg. */
function head(family: number, resource = 0): Buffer {
  const bytes = Buffer.from([family, 0, 0, 0]);
  bytes.writeUInt16BE(resource, 2);
  return bytes;
}

const typeOf = (message: number): number => (subsystem << 8) | message;

/** All changes as one transaction. The last change asks for an acknowledgement; errors come unasked. */
export function elementRequests(changes: ElementChange[]): NetlinkRequest[] {
  return [
    { type: BATCH.BEGIN, flags: 0, body: head(0, subsystem) },
    ...changes.map((change) => elementRequest(change)),
    { type: BATCH.END, flags: 0, body: head(0, subsystem) },
  ];
}

function elementRequest(change: ElementChange): NetlinkRequest {
  const value = (bytes: Buffer): Buffer[] => [attribute(dataValue, bytes)];
  const element = [
    attribute(ELEMENT.KEY | NESTED, value(change.key)),
    ...(change.data === undefined ? [] : [attribute(ELEMENT.DATA | NESTED, value(change.data))]),
  ];
  const elements = [attribute(listElement | NESTED, element)];
  if (change.end !== undefined) {
    const end = [attribute(ELEMENT.KEY | NESTED, value(change.end)), attribute(ELEMENT.FLAGS, INTERVAL_END)];
    elements.push(attribute(listElement | NESTED, end));
  }
  const body = Buffer.concat([
    head(NFPROTO[change.family]),
    attribute(LIST.TABLE, change.table),
    attribute(LIST.SET, change.holder),
    attribute(LIST.ELEMENTS | NESTED, elements),
  ]);
  return change.verb === 'add'
    ? { type: typeOf(NFT_MSG.NEWSETELEM), flags: NLM_F.CREATE | NLM_F.ACK, body }
    : { type: typeOf(NFT_MSG.DELSETELEM), flags: NLM_F.ACK, body };
}

/** Asks for the number of the ruleset, which every change by anyone raises. */
export const generationRequest = (): NetlinkRequest => ({
  type: typeOf(NFT_MSG.GETGEN),
  flags: 0,
  body: head(0),
});

/** The number in the answer. */
export function decodeGeneration(attributes: Map<number, Buffer>): number {
  return attributes.get(1)?.readUInt32BE(0) ?? 0;
}

/** Asks for every rule of a table. */
export const rulesRequest = (family: NftFamily, table: string): NetlinkRequest => ({
  type: typeOf(NFT_MSG.GETRULE),
  flags: 0,
  body: Buffer.concat([head(NFPROTO[family]), attribute(1, table)]),
});
