// Progress of pull, push, load and build: JSON lines, each sent at once.
import type { FastifyReply } from 'fastify';
import { signalOf } from '#api/streams/pump.ts';
import { errorAnswer } from '#api/wire/error-answer.ts';
import type { ProgressLine } from '#shared/contract/image.ts';

/** What may wait for a client that reads more slowly than a build writes. */
const longestBacklogBytes = 8 * 1024 * 1024;

export type OnLine = (line: ProgressLine) => void;

/**
 * Runs `work` and sends each line it tells as it is told. Until the first line a failure is an ordinary error answer;
 * after it, the last line of the stream. The signal aborts when the client goes away.
 */
export async function streamProgress(
  reply: FastifyReply,
  work: (onLine: OnLine, signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const response = reply.raw;
  let leftOut = 0;
  const onLine: OnLine = (line) => {
    if (response.destroyed) return;
    if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'application/json' });
    // Bars are redrawn with the next one; a client that is behind does without.
    if (response.writableNeedDrain && line.progressDetail !== undefined) return;
    if (response.writableLength > longestBacklogBytes && line.stream !== undefined) {
      leftOut++;
      return;
    }
    if (leftOut > 0) {
      response.write(
        `${JSON.stringify({ stream: `[${leftOut} pieces of output left out: read too slowly]\n` })}\r\n`,
      );
      leftOut = 0;
    }
    response.write(`${JSON.stringify(line)}\r\n`);
  };
  try {
    await work(onLine, signalOf(response));
  } catch (thrown) {
    if (!response.headersSent && !response.destroyed) throw thrown;
    onLine(errorLine(thrown));
  }
  reply.hijack();
  if (!response.headersSent && !response.destroyed) {
    response.writeHead(200, { 'Content-Type': 'application/json' });
  }
  response.end();
}

/** The last line of a stream that failed. `code` is what `docker build` exits with, so only a program's own is told. */
function errorLine(thrown: unknown): ProgressLine {
  const { message, hint } = errorAnswer(thrown).body;
  const code = exitCodeOf(thrown);
  const more = { ...(code === undefined ? {} : { code }), ...(hint === undefined ? {} : { hint }) };
  return { errorDetail: { ...more, message }, error: message };
}

function exitCodeOf(thrown: unknown): number | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('exitCode' in thrown)) return undefined;
  return typeof thrown.exitCode === 'number' ? thrown.exitCode : undefined;
}
