// A connection to the stdio of a container or exec session.
import type { OutputChunk } from '#runtime/attach.ts';

/** Bound with `await using` by whoever holds it; the process does not notice its end. */
export interface ContainerStream extends AsyncDisposable {
  readonly tty: boolean;
  /** Ends when the process's output ends or the stream is disposed. Not read: the process comes to wait. */
  readonly output: AsyncIterable<OutputChunk>;
  /** Resolves once the bytes are taken. */
  write(data: Uint8Array): Promise<void>;
  /** Nothing more is written: the process sees the end of its stdin, where it was opened for one writer. */
  endInput(): void;
}

/** The runtime's side: an attachment or an exec session. */
export type StdioConnection = Omit<ContainerStream, 'tty'>;

export interface StreamOptions {
  tty: boolean;
  /** Comes before what the process writes from now on: its log so far. */
  before?: AsyncIterable<OutputChunk>;
  /** Aborted when the stream is disposed. */
  left: AbortController;
  /** The output ends only once this has: whoever asks for the exit code after the last byte gets it. */
  ended?: Promise<unknown>;
  /** Called when the output was read to its end, or nobody will. */
  onEnd?: () => void;
}

/** The stream over a connection that may still be to come; undefined: there will be none. */
export function streamOver(
  connection: Promise<StdioConnection | undefined>,
  options: StreamOptions,
): ContainerStream {
  return {
    tty: options.tty,
    output: outputOf(connection, options),
    write: async (data) => await (await connection)?.write(data),
    endInput: () => void connection.then((there) => there?.endInput()).catch(() => undefined),
    [Symbol.asyncDispose]: async () => {
      options.left.abort();
      options.onEnd?.();
      await (await connection.catch(() => undefined))?.[Symbol.asyncDispose]();
    },
  };
}

async function* outputOf(
  connection: Promise<StdioConnection | undefined>,
  options: StreamOptions,
): AsyncGenerator<OutputChunk> {
  try {
    if (options.before !== undefined) yield* options.before;
    const there = await connection;
    if (there !== undefined) yield* there.output;
    await options.ended;
  } finally {
    options.onEnd?.();
  }
}

/** Takes Docker's frames (8-byte header: stream, three zeros, length) apart again. */
export async function* unframe(framed: AsyncIterable<Buffer>): AsyncGenerator<OutputChunk> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of framed) {
    rest = rest.byteLength === 0 ? piece : Buffer.concat([rest, piece]);
    while (rest.byteLength >= 8) {
      const end = 8 + rest.readUInt32BE(4);
      if (rest.byteLength < end) break;
      yield { stream: rest[0] === 2 ? 2 : 1, data: rest.subarray(8, end) };
      rest = rest.subarray(end);
    }
  }
}

/** A terminal's bytes are all of one stream. */
export async function* asStdout(raw: AsyncIterable<Buffer>): AsyncGenerator<OutputChunk> {
  for await (const data of raw) yield { stream: 1, data };
}
