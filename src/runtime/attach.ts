// Attaching to a container's stdio through conmon, with back-pressure and without losing a byte.
import type { Socket } from 'node:net';
import { codeOf, conflict } from '#shared/errors.ts';
import { type OutputChunk, OutputQueue } from './monitor/output-queue.ts';
import { connectPacketSocket } from './monitor/seqpacket.ts';

export type { OutputChunk } from './monitor/output-queue.ts';

export interface AttachWish {
  stdin?: boolean;
  stdout?: boolean;
  stderr?: boolean;
  /** The container's stdin would end with the first one to leave: a mere reader must not be that one. */
  keepStdinOpen?: boolean;
}

/** conmon's packets begin with the stream: 2 is stdout, 3 is stderr. */
const streamOffset = 1;
/** conmon reads at most 32 KiB of a packet and drops the rest. */
const maxPacketBytes = 16 * 1024;

/** One connection to a container's stdio. The container does not notice when it is disposed. */
export class Attachment implements AsyncDisposable {
  /** What the container writes; ends when its output ends. Not read: the container comes to wait. */
  readonly output: AsyncIterable<OutputChunk>;
  readonly #socket: Socket;
  readonly #wish: AttachWish;
  readonly #queue: OutputQueue;
  #ended = false;

  constructor(socket: Socket, wish: AttachWish) {
    this.#socket = socket;
    this.#wish = wish;
    this.#queue = new OutputQueue((go) => (go ? socket.resume() : socket.pause()));
    this.output = this.#queue;
    const end = () => {
      this.#ended = true;
      this.#queue.end();
    };
    // A reset is how the end looks when conmon left while we still wrote.
    socket.on('end', end).on('close', end).on('error', end);
    socket.on('data', (packet: Buffer) => this.#receive(packet));
  }

  /** Resolves once conmon has taken it; after the container's end it is dropped. */
  async write(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.byteLength; at += maxPacketBytes) {
      await this.#send(data.subarray(at, at + maxPacketBytes));
    }
  }

  /** The container's stdin ends, where it was made to end with its first writer; its output goes on. */
  endInput(): void {
    if (!this.#socket.destroyed) this.#socket.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#queue.drop();
    if (!this.#wish.keepStdinOpen || this.#ended) {
      this.#socket.destroy();
      return;
    }
    // Leaving would end the stdin of somebody else: stay, and let everything pass.
    const leave = () => this.#socket.destroy();
    this.#socket.unref().once('end', leave);
  }

  #send(packet: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.destroyed || this.#socket.writableEnded) resolve();
      else this.#socket.write(packet, () => resolve());
    });
  }

  #receive(packet: Buffer): void {
    const stream = packet[0] === 1 + streamOffset ? 1 : 2;
    if (!(stream === 1 ? (this.#wish.stdout ?? true) : (this.#wish.stderr ?? true))) return;
    this.#queue.push(stream, packet.subarray(1));
  }
}

/**
 * Attaches to the container (or exec session) whose bundle this is. Between create and start: nothing it
 * writes is missed. Not there: `conflict`.
 */
export async function attach(bundle: string, wish: AttachWish = {}): Promise<Attachment> {
  try {
    return new Attachment(await connectPacketSocket(bundle, 'attach'), wish);
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code !== 'ENOENT' && code !== 'ECONNREFUSED') throw thrown;
    throw conflict('You cannot attach to a stopped container, start it first', { cause: thrown });
  }
}
