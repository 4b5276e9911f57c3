// Joins this terminal (or these pipes) to a container's streams.
import type { Duplex, Readable } from 'node:stream';
import type { Cli, Output } from '#cli/context.ts';
import { DetachScanner, parseDetachKeys } from '#cli/terminal/keys.ts';
import { writeSlowly } from '#cli/terminal/write.ts';
import { readOutput } from '#client/frames.ts';

export interface SessionOptions {
  /** The container's side is a terminal: nothing is framed, and ours goes raw. */
  tty: boolean;
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  detachKeys: string | undefined;
  /** Tells the container's terminal the size of ours; called at once and at each change. */
  resize?: (size: { h: number; w: number }) => Promise<unknown>;
}

const defaultDetachKeys = 'ctrl-p,ctrl-q';

/**
 * Carries bytes both ways until the container's output ends or the detach keys are typed. The terminal is as it
 * was afterwards, and the socket closed.
 */
export async function runSession(
  cli: Cli,
  socket: Duplex,
  options: SessionOptions,
): Promise<'ended' | 'detached'> {
  using restore = new DisposableStack();
  const detached = Promise.withResolvers<'detached'>();
  // Keys only mean detaching where somebody types them.
  const typed = options.tty || (options.stdin && cli.stdin.isTTY);
  const keys = typed ? parseDetachKeys(options.detachKeys ?? defaultDetachKeys) : [];
  if (options.stdin) {
    if (options.tty) enterRawMode(cli, restore);
    feedInput(cli, socket, {
      scanner: new DetachScanner(keys),
      detach: () => detached.resolve('detached'),
      restore,
    });
  }
  if (options.tty && options.resize !== undefined) followSize(cli, options.resize, restore);
  const output = copyOutput(cli, socket, options);
  const how = await Promise.race([output.then((): 'ended' => 'ended'), detached.promise]);
  output.catch(() => undefined);
  socket.destroy();
  return how;
}

function enterRawMode(cli: Cli, restore: DisposableStack): void {
  const { stdin } = cli;
  if (!stdin.isTTY || stdin.setRawMode === undefined) return;
  stdin.setRawMode(true);
  restore.defer(() => void stdin.setRawMode?.(false));
}

interface InputFeed {
  scanner: DetachScanner;
  detach: () => void;
  restore: DisposableStack;
}

function feedInput(cli: Cli, socket: Duplex, feed: InputFeed): void {
  const { stdin } = cli;
  const onData = (chunk: Buffer) => {
    const { pass, detached } = feed.scanner.scan(chunk);
    if (pass.length > 0 && !socket.write(pass)) {
      stdin.pause();
      socket.once('drain', () => stdin.resume());
    }
    if (detached) feed.detach();
  };
  // Closes our half only: the container sees the end of its input and may still write.
  const onEnd = () => void socket.end();
  // A container that ended closes its input; what we had for it is of no use then.
  socket.on('error', () => undefined);
  stdin.on('data', onData);
  stdin.on('end', onEnd);
  feed.restore.defer(() => {
    stdin.off('data', onData);
    stdin.off('end', onEnd);
    stdin.pause();
  });
}

function followSize(cli: Cli, resize: NonNullable<SessionOptions['resize']>, restore: DisposableStack): void {
  const { stdout } = cli;
  const tell = () => {
    const size = sizeOf(stdout);
    // The container may have ended meanwhile, or not have started yet: the next change tells again.
    if (size !== undefined) void resize(size).catch(() => undefined);
  };
  tell();
  stdout.on?.('resize', tell);
  restore.defer(() => void stdout.off?.('resize', tell));
}

/** The size of a terminal in characters; undefined for pipes. */
export function sizeOf(output: Output): { h: number; w: number } | undefined {
  if (!output.isTTY || !output.rows || !output.columns) return undefined;
  return { h: output.rows, w: output.columns };
}

/** Writes a container's output to ours, until it ends. */
export async function copyOutput(
  cli: Pick<Cli, 'stdout' | 'stderr'>,
  body: Readable,
  options: { tty: boolean; stdout: boolean; stderr: boolean },
): Promise<void> {
  try {
    for await (const { stream, data } of readOutput(body, !options.tty)) {
      if (options[stream]) await writeSlowly(cli[stream], data);
    }
  } catch (thrown) {
    // The socket's own end, in either manner, is the end of the output.
    if (
      !(
        thrown instanceof Error &&
        'code' in thrown &&
        (thrown.code === 'ECONNRESET' || thrown.code === 'ERR_STREAM_PREMATURE_CLOSE')
      )
    )
      throw thrown;
  }
}
