// The frames that carry stdout and stderr on one stream (Engine API, "Stream format"): 8 bytes, then the payload.
import type { Readable } from 'node:stream';
import { internal } from '#shared/errors.ts';

export interface OutputFrame {
  stream: 'stdout' | 'stderr';
  data: Buffer;
}

const headerBytes = 8;

/** Takes frames apart whose bytes come in any pieces. */
export class FrameReader {
  #header = Buffer.alloc(headerBytes);
  #have = 0;
  #left = 0;

  /** The payloads in these bytes; neighbours of one stream are joined. */
  read(chunk: Buffer): OutputFrame[] {
    const frames: { stream: OutputFrame['stream']; parts: Buffer[] }[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#left === 0) {
        const taken = Math.min(headerBytes - this.#have, chunk.length - at);
        chunk.copy(this.#header, this.#have, at, at + taken);
        this.#have += taken;
        at += taken;
        if (this.#have < headerBytes) break;
        this.#left = this.#header.readUInt32BE(4);
        // The header stays in place for its payload; an empty payload is over at once.
        if (this.#left === 0) this.#have = 0;
        continue;
      }
      const end = Math.min(chunk.length, at + this.#left);
      const stream = this.#stream();
      const last = frames.at(-1);
      const part = chunk.subarray(at, end);
      if (last?.stream === stream) last.parts.push(part);
      else frames.push({ stream, parts: [part] });
      this.#left -= end - at;
      at = end;
      if (this.#left === 0) this.#have = 0;
    }
    return frames.map(({ stream, parts }) => {
      const [only] = parts;
      return { stream, data: parts.length === 1 && only !== undefined ? only : Buffer.concat(parts) };
    });
  }

  #stream(): OutputFrame['stream'] {
    const type = this.#header[0];
    if (type === 2) return 'stderr';
    if (type === 0 || type === 1) return 'stdout';
    if (type === 3) throw internal('the engine failed while it sent the output');
    throw internal(`Unrecognized input header: ${type}`);
  }
}

/** The output of a stream: framed, or raw (a terminal's, all of it stdout). */
export async function* readOutput(body: Readable, framed: boolean): AsyncGenerator<OutputFrame> {
  const reader = new FrameReader();
  for await (const chunk of body) {
    if (framed) yield* reader.read(chunk);
    else yield { stream: 'stdout', data: chunk };
  }
}
