// Output of a RUN step as lines of the stream, with characters of many bytes kept whole.
import { StringDecoder } from 'node:string_decoder';
import type { Lane } from '../lanes.ts';

export interface OutputLines {
  take(stream: 1 | 2, chunk: Buffer): void;
  /** Tells what is left. */
  end(): void;
}

/** Tells each piece as it comes. */
export function outputLines(lane: Lane): OutputLines {
  const decoders = { 1: new StringDecoder('utf8'), 2: new StringDecoder('utf8') };
  const tell = (text: string): void => {
    if (text !== '') lane.tell({ stream: text });
  };
  return {
    take: (stream, chunk) => tell(decoders[stream].write(chunk)),
    end: () => {
      tell(decoders[1].end());
      tell(decoders[2].end());
    },
  };
}
