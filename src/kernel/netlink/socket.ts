// A synchronous netlink socket: the kernel has answered by the time send(2) comes back, so nothing waits.
import { closeSync } from 'node:fs';
import { bind, SyscallError } from '#kernel/libc.ts';
import { codeOf } from '#shared/errors.ts';
import { decodeAnswers, encodeRequests, type NetlinkAnswer, type NetlinkRequest, NLM_F } from './message.ts';

const socketCall = bind('socket', 'int', ['int', 'int', 'int']);
const sendCall = bind('send', 'long', ['int', 'void *', 'ulong', 'int'], 'netlink send');
const recvCall = bind('recv', 'long', ['int', 'void *', 'ulong', 'int'], 'netlink recv');

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0x80000;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const MSG_DONTWAIT = 0x40;
const NETLINK_ROUTE = 0;

/** Belongs to the network namespace that the thread was in when it was opened, for good. */
export class NetlinkSocket implements Disposable {
  readonly #descriptor: number;
  readonly #buffer = Buffer.alloc(65536);
  #sequence = 1;

  /** `protocol` is one of NETLINK_…; default routing. */
  constructor(protocol = NETLINK_ROUTE) {
    this.#descriptor = socketCall(AF_NETLINK, SOCK_RAW_CLOEXEC, protocol);
  }

  /**
   * Sends the requests as one datagram and checks each acknowledgement. Throws SyscallError with the first
   * request's error; `what` names the attempt in its message. Requests after a failed one were still carried out.
   */
  change(what: string, requests: NetlinkRequest[]): void {
    const first = this.#send(requests.map((request) => ({ ...request, flags: request.flags | NLM_F.ACK })));
    let missing = requests.length;
    let failed = 0;
    while (missing > 0) {
      for (const answer of this.#receive(first)) {
        if (answer.type !== NLMSG_ERROR) continue;
        missing -= 1;
        if (failed === 0) failed = -answer.body.readInt32LE(0);
      }
    }
    if (failed !== 0) throw new SyscallError('rtnetlink', failed, what);
  }

  /**
   * Sends the requests as one transaction of nfnetlink: all of them take place, or none and this throws
   * SyscallError with the first error.
   */
  transact(what: string, requests: NetlinkRequest[]): void {
    const first = this.#send(requests);
    for (let failed = 0; ; ) {
      const answers = this.#receiveWaiting(first);
      if (answers === undefined) {
        if (failed !== 0) throw new SyscallError('nfnetlink', failed, what);
        return;
      }
      for (const { type, body } of answers) {
        if (type === NLMSG_ERROR && failed === 0) failed = -body.readInt32LE(0);
      }
    }
  }

  /** Asks for one thing; undefined where the kernel knows no such thing. */
  get(request: NetlinkRequest): Buffer | undefined {
    const first = this.#send([request]);
    for (;;) {
      const answer = this.#receive(first)[0];
      if (answer === undefined) continue;
      return answer.type === NLMSG_ERROR ? undefined : answer.body;
    }
  }

  /** Asks for all things of a kind. */
  dump(request: NetlinkRequest): Buffer[] {
    const first = this.#send([{ ...request, flags: request.flags | NLM_F.DUMP }]);
    const found: Buffer[] = [];
    for (;;) {
      for (const answer of this.#receive(first)) {
        if (answer.type === NLMSG_DONE) return found;
        if (answer.type === NLMSG_ERROR) {
          throw new SyscallError('rtnetlink', -answer.body.readInt32LE(0), 'dump');
        }
        found.push(answer.body);
      }
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }

  #send(requests: NetlinkRequest[]): number {
    const first = this.#sequence;
    this.#sequence += requests.length;
    const bytes = encodeRequests(requests, first);
    sendCall(this.#descriptor, bytes, bytes.length, 0);
    return first;
  }

  // What is there already; undefined where nothing is.
  #receiveWaiting(first: number): NetlinkAnswer[] | undefined {
    try {
      return this.#receive(first, MSG_DONTWAIT);
    } catch (thrown) {
      if (codeOf(thrown) === 'EAGAIN') return undefined;
      throw thrown;
    }
  }

  // Answers to earlier requests (the acknowledgement after a `get`) are not of interest any more.
  #receive(first: number, flags = 0): NetlinkAnswer[] {
    const length = recvCall(this.#descriptor, this.#buffer, this.#buffer.length, flags);
    return decodeAnswers(this.#buffer.subarray(0, length)).filter(({ sequence }) => sequence >= first);
  }
}
