// Streams of JSON, one value a line (or back to back, as old engines write them).
import type { Readable } from 'node:stream';
import { internal } from '#shared/errors.ts';

/** The values of a stream as they come. Ending the iteration early destroys the stream. */
export async function* readLines<T>(body: Readable): AsyncGenerator<T> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield* valuesIn<T>(line);
  }
  if (rest.trim() !== '') yield* valuesIn<T>(rest);
}

function valuesIn<T>(line: string): T[] {
  try {
    const value: T = JSON.parse(line);
    return [value];
  } catch (cause) {
    // Values without a line break between them: a brace that closes one stands before one that opens the next.
    try {
      const values: T[] = JSON.parse(`[${line.replaceAll(/\}\s*\{/g, '},{')}]`);
      return values;
    } catch {
      throw internal(`the engine sent a line that is not JSON: ${line.slice(0, 200)}`, { cause });
    }
  }
}
