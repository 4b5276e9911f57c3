// Both ends of a connection, at the speed of bare system calls: a client of Node's own would be what is measured.
// `serve PORT` echoes one connection after the other; `ask` reads lines `requests HOST PORT MS` and `connections HOST
// PORT TIMES`, and answers each with a figure.
import { createInterface } from 'node:readline';
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
const SOCK_STREAM = 1;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const MSG_NOSIGNAL = 0x4000;
const requestBytes = 64;
const one = Buffer.from([1, 0, 0, 0]);
const buffer = Buffer.alloc(4096, 'x');

/** struct sockaddr_in. */
function placeOf(host: string, port: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(AF_INET, 0);
  bytes.writeUInt16BE(port, 2);
  Buffer.from(host.split('.').map(Number)).copy(bytes, 4);
  return bytes;
}

function serve(port: number): never {
  const listener = socketCall(AF_INET, SOCK_STREAM, 0);
  setsockoptCall(listener, SOL_SOCKET, SO_REUSEADDR, one, 4);
  bindCall(listener, placeOf('0.0.0.0', port), 16);
  listenCall(listener, 128);
  console.log('up');
  for (;;) {
    const connection = acceptCall(listener, null, null);
    setsockoptCall(connection, IPPROTO_TCP, TCP_NODELAY, one, 4);
    echo(connection);
    closeCall(connection);
  }
}

function echo(connection: number): void {
  try {
    for (;;) {
      const got = recvCall(connection, buffer, buffer.length, 0);
      if (got === 0) return;
      sendCall(connection, buffer, got, MSG_NOSIGNAL);
    }
  } catch {
    // The client went away: the next one.
  }
}

function dial(host: string, port: number): number {
  const connection = socketCall(AF_INET, SOCK_STREAM, 0);
  setsockoptCall(connection, IPPROTO_TCP, TCP_NODELAY, one, 4);
  connectCall(connection, placeOf(host, port), 16);
  return connection;
}

function roundTrip(connection: number): void {
  sendCall(connection, buffer, requestBytes, MSG_NOSIGNAL);
  for (let got = 0; got < requestBytes; ) {
    const more = recvCall(connection, buffer, buffer.length, 0);
    if (more === 0) throw new Error('the server closed the connection');
    got += more;
  }
}

/** Per second, one after the other on one connection. */
function requests(host: string, port: number, ms: number): number {
  const connection = dial(host, port);
  roundTrip(connection);
  const startedMs = performance.now();
  let count = 0;
  for (; count % 64 !== 0 || performance.now() - startedMs < ms; count++) roundTrip(connection);
  const tookMs = performance.now() - startedMs;
  closeCall(connection);
  return count / (tookMs / 1000);
}

/** Milliseconds of one: connect, a request and its answer, close. */
function connections(host: string, port: number, times: number): number {
  const startedMs = performance.now();
  for (let time = 0; time < times; time++) {
    const connection = dial(host, port);
    roundTrip(connection);
    closeCall(connection);
  }
  return (performance.now() - startedMs) / times;
}

function answer(line: string): number | string {
  const [verb, host = '', port, count] = line.split(' ');
  try {
    const measure = verb === 'requests' ? requests : connections;
    return measure(host, Number(port), Number(count));
  } catch (thrown) {
    return `failed: ${String(thrown)}`;
  }
}

const [role, port] = process.argv.slice(2);
if (role === 'serve') serve(Number(port));
createInterface({ input: process.stdin }).on('line', (line) => console.log(answer(line)));
console.log('up');
