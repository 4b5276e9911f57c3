// What kinds of sockets the kernel has.
import { closeSync } from 'node:fs';
import { bind } from '#kernel/libc.ts';

const socketCall = bind('socket', 'int', ['int', 'int', 'int']);
const AF_INET = 2;
const SOCK_STREAM_CLOEXEC = 1 | 0x80000;
const IPPROTO_SCTP = 132;

/** Whether the kernel speaks SCTP; asking loads its module where there is one. */
export function hasSctp(): boolean {
  try {
    closeSync(socketCall(AF_INET, SOCK_STREAM_CLOEXEC, IPPROTO_SCTP));
    return true;
  } catch {
    return false;
  }
}
