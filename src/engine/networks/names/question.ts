// One question to a name server: how new what it has read is. Each network's file has a line for it, whose address is the
// number of the change that the file was written for, so that an answer tells whether the server has read a change.
import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { inNetns } from '#kernel/netns.ts';
import { canonicalAddress } from '../addresses/cidr.ts';

/** No container has it (see `namesOf`). */
export const toldName = '_wharf-told';
const typeAaaa = 28;
/** Of addresses that lead nowhere (RFC 6666). */
const discardPrefix = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
const firstPauseMs = 1;
const longestPauseMs = 10;
const mostAskers = 2;
const fewestQuestions = 20;

/** Whether the server at an address has read a change, or a later one. */
export interface Question {
  address: string;
  change: number;
}

export interface Asking {
  port: number;
  timeoutMs: number;
  /** Paths of network namespaces to ask from, the first that are there; one answer is enough. None: from the host's. */
  from?: readonly string[];
}

/** The line of a network's file that tells the number of a change. */
export function toldLine(change: number): string {
  const groups = change.toString(16).padStart(16, '0').match(/..../g) ?? [];
  return `${toldName}  100::${groups.map((group) => group.replace(/^0{1,3}/, '')).join(':')} ${toldName}\n`;
}

/**
 * Asks until all answers are yes; false where they are not after `timeoutMs` and some questions: a process that has much
 * to do hears answers late.
 */
export async function areRead(questions: readonly Question[], asking: Asking): Promise<boolean> {
  const open = new Map(questions.map(({ address, change }) => [canonicalAddress(address), change]));
  if (open.size === 0) return true;
  const sockets = socketsOf([...open.keys()], asking);
  if (sockets.length === 0) return false;
  return new Promise((resolve) => {
    let pauseMs = firstPauseMs;
    let count = 0;
    let timer: NodeJS.Timeout | undefined;
    const endMs = performance.now() + asking.timeoutMs;
    const end = (isRead: boolean): void => {
      clearTimeout(timer);
      for (const { socket } of sockets) socket.close();
      resolve(isRead);
    };
    const ask = (): void => {
      count += 1;
      if (performance.now() > endMs && count > fewestQuestions) {
        end(false);
        return;
      }
      // A question that gets lost is asked again.
      for (const address of open.keys()) {
        for (const { family, socket } of sockets)
          if (family === isIP(address)) socket.send(question, asking.port, address, () => {});
      }
      timer = setTimeout(ask, pauseMs);
      pauseMs = Math.min(pauseMs * 1.2, longestPauseMs);
    };
    for (const { socket } of sockets) {
      socket.on('error', () => {});
      socket.on('message', (message, { address }) => {
        if (changeIn(message) >= (open.get(address) ?? Number.POSITIVE_INFINITY)) open.delete(address);
        if (open.size === 0) end(true);
      });
    }
    ask();
  });
}

interface Asker {
  family: number;
  socket: Socket;
}

/** For all addresses of a family one socket does: each takes the engine longer than a question. */
function socketsOf(addresses: readonly string[], { from }: Asking): Asker[] {
  const families = [...new Set(addresses.map(isIP))];
  const openAll = (): Asker[] => families.map((family) => ({ family, socket: open(family) }));
  if (from === undefined) return openAll();
  const askers: Asker[] = [];
  let count = 0;
  for (const netns of from) {
    if (count === mostAskers) break;
    try {
      askers.push(...inNetns(netns, openAll));
      count += 1;
    } catch {
      // The container has just ended.
    }
  }
  return askers;
}

// Bound at once, without a turn of the event loop, so that it is of the namespace that this thread is in.
function open(family: number): Socket {
  const isV6 = family === 6;
  const socket = createSocket({
    type: isV6 ? 'udp6' : 'udp4',
    lookup: (host, _options, answer) => answer(null, host, family),
  });
  socket.bind({ port: 0, address: isV6 ? '::' : '0.0.0.0', exclusive: true });
  return socket;
}

const question = Buffer.concat([
  Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, toldName.length]),
  Buffer.from(toldName),
  Buffer.from([0, 0, typeAaaa, 0, 1]),
]);

/** The newest change that an answer tells of; 0 where it tells of none. Answers follow the question (RFC 1035, 4.1). */
function changeIn(message: Buffer): number {
  if (message.length < question.length || message.readUInt16BE(6) === 0) return 0;
  let newest = 0;
  for (let at = message.indexOf(discardPrefix); at !== -1; at = message.indexOf(discardPrefix, at + 16)) {
    if (at + 16 <= message.length) newest = Math.max(newest, Number(message.readBigUInt64BE(at + 8)));
  }
  return newest;
}
