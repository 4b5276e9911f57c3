// Streams whose pieces nobody holds on to but who reads them, so that the memory of each may be given back at once.
const sole = new WeakSet<object>();

/** Says so of the stream, which is given back: each of its pieces is memory of its own, and told to its reader alone. */
export function markSole<Stream extends object>(stream: Stream): Stream {
  sole.add(stream);
  return stream;
}

/** Whether it was said of the stream. */
export const isSole = (stream: object): boolean => sole.has(stream);
