// The sockets of a daemon: made, guarded against a second daemon, and ended with everything on them.
import { once } from 'node:events';
import { chownSync, lstatSync, mkdirSync, readFileSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { formatHost, type Host } from '#daemon/host.ts';
import { codeOf, conflict, messageOf, unavailable } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';

/** A listening server. Disposal refuses new connections, lets short answers end, and cuts the rest. */
export interface Listener extends AsyncDisposable {
  readonly host: Host;
}

/** How long an answer that is under way may take to end by itself. */
const graceMs = 300;

/** Afterwards `server` accepts connections. A socket file that nobody answers on is replaced. */
export async function listenOn(server: Server, host: Host): Promise<Listener> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  if (host.kind === 'unix') await makeWay(host.path);
  await listening(server, host);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    host: host.kind === 'tcp' ? { ...host, port } : host,
    [Symbol.asyncDispose]: () => endServer(server, sockets),
  };
}

async function listening(server: Server, host: Host): Promise<void> {
  const ready = once(server, 'listening');
  if (host.kind === 'unix') listenPrivately(server, host.path);
  else server.listen(host.port, host.address);
  try {
    await ready;
  } catch (cause) {
    throw unavailable(`cannot listen on ${formatHost(host)}: ${messageOf(cause)}`, { cause });
  }
  if (host.kind === 'unix') chownSync(host.path, 0, dockerGroup());
}

/** The file is never open to others, not even for the moment before its mode is set: bind(2) obeys the umask. */
function listenPrivately(server: Server, path: string): void {
  const before = process.umask(0o117);
  try {
    server.listen(path);
  } finally {
    process.umask(before);
  }
}

async function makeWay(path: string): Promise<void> {
  makeFolders(mkdirSync, dirname(path), 0o755);
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket())
    throw conflict(`cannot listen on unix://${path}: a file that is no socket is in the way`);
  if (await answers(path)) {
    throw conflict(`cannot listen on unix://${path}: another daemon answers there`, {
      hint: 'stop that daemon, or choose another --host',
    });
  }
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', (error) => settle(codeOf(error) !== 'ECONNREFUSED' && codeOf(error) !== 'ENOENT'));
  });
}

function dockerGroup(): number {
  try {
    return Number(/^docker:[^:]*:(\d+):/m.exec(readFileSync('/etc/group', 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

async function endServer(server: Server, sockets: Set<Socket>): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const cut = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, graceMs);
  await closed;
  clearTimeout(cut);
  for (const socket of sockets) socket.destroy();
}
