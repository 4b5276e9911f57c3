// Entries for systemd's journal, with fields, by its native protocol (systemd.io, JOURNAL_NATIVE_PROTOCOL): a datagram
// an entry. Node has no datagram sockets of the unix family.
import { closeSync } from 'node:fs';
import { bind, SyscallError } from '#kernel/libc.ts';

export const journalSocket = '/run/systemd/journal/socket';

export interface Journal extends Disposable {
  /** False where the journal is behind: try again in a moment. Throws SyscallError where it is gone. */
  write(fields: Readonly<Record<string, string>>): boolean;
}

const socketCall = bind('socket', 'int', ['int', 'int', 'int']);
const connectCall = bind('connect', 'int', ['int', 'void *', 'uint']);
const sendCall = bind('send', 'long', ['int', 'void *', 'ulong', 'int']);

const unixFamily = 1;
const datagramCloseOnExec = 2 | 0x80000;
/** MSG_DONTWAIT and MSG_NOSIGNAL of send(2). */
const withoutWaiting = 0x40 | 0x4000;
const longestPath = 107;

/** Throws SyscallError where nobody listens at `path`. */
export function openJournal(path: string = journalSocket): Journal {
  const socket = socketCall(unixFamily, datagramCloseOnExec, 0);
  try {
    connectCall(socket, addressOf(path), 2 + longestPath + 1);
  } catch (thrown) {
    closeSync(socket);
    throw thrown;
  }
  return {
    write(fields) {
      const entry = encodeEntry(fields);
      try {
        sendCall(socket, entry, entry.length, withoutWaiting);
        return true;
      } catch (thrown) {
        if (thrown instanceof SyscallError && (thrown.code === 'EAGAIN' || thrown.code === 'ENOBUFS'))
          return false;
        throw thrown;
      }
    },
    [Symbol.dispose]: () => closeSync(socket),
  };
}

/** struct sockaddr_un. */
function addressOf(path: string): Buffer {
  const address = Buffer.alloc(2 + longestPath + 1);
  address.writeUInt16LE(unixFamily, 0);
  address.write(path, 2, longestPath, 'utf8');
  return address;
}

/** A value with line breaks goes with its length; names are upper case letters, digits and underscores. */
export function encodeEntry(fields: Readonly<Record<string, string>>): Buffer {
  const parts = Object.entries(fields).map(([name, value]) => {
    if (!value.includes('\n')) return Buffer.from(`${name}=${value}\n`);
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(bytes.length));
    return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, Buffer.from('\n')]);
  });
  return Buffer.concat(parts);
}
