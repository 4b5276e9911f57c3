// How the answers about a Dockerfile are told: places in the file as BuildKit's clients know them, and columns.
import type { Place } from '../dockerfile/instruction.ts';

/** Lines from 1. */
export interface Location {
  ranges: { start: { line: number }; end: { line: number } }[];
}

export function locationOf({ line, endLine }: Pick<Place, 'line' | 'endLine'>): Location {
  return { ranges: [{ start: { line }, end: { line: endLine } }] };
}

/** What the comment above says of a name: `# name is …`. Undefined where it says nothing. */
export function describedIn(
  { comments }: Pick<Place, 'comments'>,
  name: string | undefined,
): string | undefined {
  const begin = name === undefined || name === '' ? undefined : `${name} `;
  if (begin === undefined) return undefined;
  return comments.find((line) => line.startsWith(begin))?.slice(begin.length);
}

/** Every column but the last is as wide as its longest cell, and a gap. */
export function columns(rows: readonly (readonly string[])[], gap: number): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length + gap);
  const lines = rows.map((row) =>
    row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join(''),
  );
  return lines.map((line) => `${line}\n`).join('');
}
