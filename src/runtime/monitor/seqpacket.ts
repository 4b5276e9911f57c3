// Connecting to a SOCK_SEQPACKET unix socket, as a stream of Node's with back-pressure.
import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { bind } from '#kernel/libc.ts';
import { codeOf } from '#shared/errors.ts';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_SEQPACKET = 5;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const backlogRetries = 100;

const socket = bind('socket', 'int', ['int', 'int', 'int']);
const connect = bind('connect', 'int', ['int', 'void *', 'uint32_t']);
const dup3 = bind('dup3', 'int', ['int', 'int', 'int']);

/** struct sockaddr_un: a path of at most 107 bytes and its final zero. */
function addressOf(path: string): Buffer {
  const address = Buffer.alloc(110);
  address.writeUInt16LE(AF_UNIX, 0);
  address.write(path, 2, 107, 'utf8');
  return address;
}

async function connectTo(descriptor: number, path: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      connect(descriptor, addressOf(path), 110);
      return;
    } catch (thrown) {
      // The listener's queue is full.
      if (codeOf(thrown) !== 'EAGAIN' || tries === backlogRetries) throw thrown;
      await sleep(2);
    }
  }
}

async function openPacketSocket(dir: string, name: string): Promise<number> {
  const folder = openSync(dir, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const descriptor = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    try {
      // A socket's path may have 107 bytes only; by way of the folder's descriptor any length will do.
      await connectTo(descriptor, `/proc/self/fd/${folder}/${name}`);
      return descriptor;
    } catch (thrown) {
      closeSync(descriptor);
      throw thrown;
    }
  } finally {
    closeSync(folder);
  }
}

/**
 * Connects to `dir/name`. In flowing mode each `data` event is one packet, also after `pause` and `resume`;
 * `end()` half-closes. The caller owns the socket. Throws SyscallError (ENOENT, ECONNREFUSED: nobody there).
 */
export async function connectPacketSocket(dir: string, name: string): Promise<Socket> {
  const packets = await openPacketSocket(dir, name);
  try {
    // Node only accepts stream sockets. It gets one, and then the descriptor becomes the packet socket: the
    // calls it makes (read, write, shutdown) are the same for both, and each read gives one packet.
    const placeholder = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const stream = new Socket({ fd: placeholder, readable: true, writable: true, allowHalfOpen: true });
    dup3(packets, placeholder, O_CLOEXEC);
    return stream;
  } finally {
    closeSync(packets);
  }
}
