// Joins a client's connection to a program's stdin and output: attach and exec, on a raw socket.
import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { DetachWatch } from '#api/streams/detach-keys.ts';
import { frameHeader } from '#api/streams/mux.ts';
import { writeSlowly } from '#api/streams/pump.ts';

/** The engine's end: what a program writes, and where its stdin goes. Its disposal detaches; the program runs on. */
export interface Session extends AsyncDisposable {
  readonly output: AsyncIterable<{ stream: 1 | 2; data: Buffer }>;
  /** Resolves once more may be written. */
  write(data: Buffer): Promise<void> | void;
  endInput(): void;
}

/** The client's end. `input` is the socket that stdin comes from, where the client may write. */
export interface Link {
  readonly sink: Duplex | ServerResponse;
  readonly input: Duplex | undefined;
  /** Bytes of stdin that came with the request. */
  readonly head: Buffer;
}

export interface JoinOptions {
  tty: boolean;
  /** Absent where nothing that is typed detaches. */
  detachKeys?: Uint8Array;
  /** What the client may ask for at the end of the output (an exit code) is there when this resolves. */
  settled?: () => Promise<void>;
  /** How often a client that says nothing is looked after; 2,000 unless told. */
  probeMs?: number;
}

/**
 * Carries bytes both ways until the program's output ends, the client is gone or the detach keys are typed. The
 * client's end of writing becomes end of stdin, and output goes on. Ends the connection and disposes the session.
 */
export async function joinSession(link: Link, session: Session, options: JoinOptions): Promise<void> {
  const left = leaving(link);
  const stopProbing = probe(link.sink, options.probeMs ?? 2_000);
  if (link.input !== undefined) carryInput(link.input, link.head, { session, options, detach: left.leave });
  try {
    await Promise.race([carryOutput(link.sink, session, options), left.promise]);
  } catch {
    // The program's side broke; what was sent is sent, and the client sees the end.
  } finally {
    stopProbing();
    link.sink.end();
    await session[Symbol.asyncDispose]();
    if (link.input !== undefined) closeSoon(link.input);
  }
}

/** How long a client may take to close its end, once it was sent everything. */
const closingMs = 2_000;

/** Reads on until the client closes: closing first, with input unread, could cut what is still on its way to it. */
export function closeSoon(connection: Duplex): void {
  const cut = setTimeout(() => connection.destroy(), closingMs).unref();
  connection.once('close', () => clearTimeout(cut)).resume();
}

interface InputEnds {
  session: Session;
  options: JoinOptions;
  detach: () => void;
}

function leaving(link: Link): { promise: Promise<void>; leave: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  link.sink.once('close', () => resolve());
  link.sink.on('error', () => resolve());
  return { promise, leave: resolve };
}

/**
 * A client that was killed looks like one that has no more to say, for as long as its program is silent too. A write of
 * nothing on a unix socket tells them apart: it fails where nobody can read any more. (On TCP it does nothing; there
 * the server's keep-alive finds out.) Returns how to stop.
 */
function probe(sink: Link['sink'], everyMs: number): () => void {
  if (!(sink instanceof Socket)) return () => undefined;
  const timer = setInterval(() => {
    // What waits to be written tells as well.
    if (sink.writable && sink.writableLength === 0) sink.write('');
  }, everyMs).unref();
  return () => clearInterval(timer);
}

async function carryOutput(sink: Link['sink'], session: Session, options: JoinOptions): Promise<void> {
  const { tty, settled } = options;
  for await (const { stream, data } of session.output) {
    if (!tty) {
      sink.cork();
      sink.write(frameHeader(stream, data.length));
    }
    const goingOn = writeSlowly(sink, data);
    if (!tty) sink.uncork();
    if (!(await goingOn)) return;
  }
  await settled?.();
}

function carryInput(socket: Duplex, head: Buffer, { session, options, detach }: InputEnds): void {
  const watch = options.detachKeys === undefined ? undefined : new DetachWatch(options.detachKeys);
  const take = async (typed: Buffer): Promise<void> => {
    const { pass, detached } = watch === undefined ? { pass: typed, detached: false } : watch.push(typed);
    if (pass.length > 0) await session.write(pass);
    if (detached) detach();
  };
  const drain = async (): Promise<void> => {
    if (head.length > 0) await take(head);
    for await (const typed of socket.iterator({ destroyOnReturn: false })) await take(typed as Buffer);
    session.endInput();
  };
  // A program that no longer reads its stdin ends the input, not its output.
  drain().catch(() => socket.resume());
}
