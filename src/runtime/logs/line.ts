// One line of a k8s-file log: `TIME STREAM TAG TEXT`, found by position in a buffer.

/** Where the parts of a line lie in its buffer. `end` is the newline's position. */
export interface LinePlaces {
  /** 1: stdout, 2: stderr. */
  stream: 1 | 2;
  /** The process had not written a newline here: the text goes on in a later line of the same stream. */
  partial: boolean;
  timeEnd: number;
  textStart: number;
}

export const newline = 0x0a;
const space = 0x20;
const letterP = 0x50;
const letterE = 0x65;

/** conmon's times with nanoseconds and zone are this long; others are searched for. */
const usualTimeLength = 35;

/** Fills `into` and returns true; false where the line is not one of conmon's (torn, foreign). */
export function parseLine(bytes: Uint8Array, start: number, end: number, into: LinePlaces): boolean {
  let timeEnd = start + usualTimeLength;
  if (timeEnd >= end || bytes[timeEnd] !== space) timeEnd = bytes.indexOf(space, start);
  // " stdout F " and " stderr P " are of one length.
  const textStart = timeEnd + 10;
  if (timeEnd < 0 || textStart > end || bytes[timeEnd + 7] !== space || bytes[textStart - 1] !== space)
    return false;
  into.timeEnd = timeEnd;
  into.textStart = textStart;
  into.stream = bytes[timeEnd + 4] === letterE ? 2 : 1;
  into.partial = bytes[timeEnd + 8] === letterP;
  return true;
}
