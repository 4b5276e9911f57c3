// Bare sockets for the bench's programs: a client of Node's own would be what is measured.
import { bind } from '#kernel/libc.ts';

const socketCall = bind('socket', 'int', ['int', 'int', 'int']);
const bindCall = bind('bind', 'int', ['int', 'void *', 'uint']);
const listenCall = bind('listen', 'int', ['int', 'int']);
const acceptCall = bind('accept', 'int', ['int', 'void *', 'void *']);
const connectCall = bind('connect', 'int', ['int', 'void *', 'uint']);
const setsockoptCall = bind('setsockopt', 'int', ['int', 'int', 'int', 'void *', 'uint']);
const sendCall = bind('send', 'long', ['int', 'void *', 'ulong', 'int']);
const recvCall = bind('recv', 'long', ['int', 'void *', 'ulong', 'int']);
const closeCall = bind('close', 'int', ['int']);

const AF_INET = 2;
const SOCK = { stream: 1, datagram: 2 } as const;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_LINGER = 13;
const SO_RCVTIMEO = 20;
const MSG_NOSIGNAL = 0x4000;
const one = Buffer.from([1, 0, 0, 0]);
/** struct linger: on, for no time. */
const noLinger = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
/** struct timeval: two seconds. */
const patience = Buffer.from([2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/** struct sockaddr_in: made once, it costs the calls nothing. */
export function placeOf(host: string, port: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(AF_INET, 0);
  bytes.writeUInt16BE(port, 2);
  Buffer.from(host.split('.').map(Number)).copy(bytes, 4);
  return bytes;
}

/** A socket that listens on every IPv4 address. */
export function listenOn(port: number): number {
  const listener = socketCall(AF_INET, SOCK.stream, 0);
  setsockoptCall(listener, SOL_SOCKET, SO_REUSEADDR, one, 4);
  bindCall(listener, placeOf('0.0.0.0', port), 16);
  listenCall(listener, 128);
  return listener;
}

/** The next connection of a listening socket. */
export function accept(listener: number): number {
  return acceptCall(listener, null, null);
}

/** A TCP connection; throws where there is none to be had. */
export function dial(place: Buffer): number {
  const connection = socketCall(AF_INET, SOCK.stream, 0);
  connectCall(connection, place, place.length);
  return connection;
}

/** A UDP socket whose packets go to the place; `receive` gives up after two seconds. */
export function dialDatagrams(place: Buffer): number {
  const socket = socketCall(AF_INET, SOCK.datagram, 0);
  setsockoptCall(socket, SOL_SOCKET, SO_RCVTIMEO, patience, patience.length);
  connectCall(socket, place, place.length);
  return socket;
}

/** Sends the first `length` bytes. */
export const send = (socket: number, bytes: Buffer, length = bytes.length): number =>
  sendCall(socket, bytes, length, MSG_NOSIGNAL);

/** The number of bytes that came; 0 at the end of a stream. */
export const receive = (socket: number, into: Buffer): number => recvCall(socket, into, into.length, 0);

/** Closes a connection so that no end, and no translation between them, keeps its port for a minute. */
export function abort(connection: number): void {
  setsockoptCall(connection, SOL_SOCKET, SO_LINGER, noLinger, noLinger.length);
  closeCall(connection);
}

export const close = (socket: number): void => void closeCall(socket);
