// How many lines of a text came and went. Pure.

/** `+3 lines`, `-1 line`, `+3 -1 lines`, `lines moved`; undefined for what is no text. */
export function linesChanged(before: Buffer, after: Buffer): string | undefined {
  if (before.includes(0) || after.includes(0)) return undefined;
  const counts = new Map<string, number>();
  for (const line of linesOf(before)) counts.set(line, (counts.get(line) ?? 0) - 1);
  for (const line of linesOf(after)) counts.set(line, (counts.get(line) ?? 0) + 1);
  let [added, removed] = [0, 0];
  for (const count of counts.values()) {
    if (count > 0) added += count;
    else removed -= count;
  }
  if (added === 0 && removed === 0) return 'lines moved';
  const parts = [...(added > 0 ? [`+${added}`] : []), ...(removed > 0 ? [`-${removed}`] : [])];
  return `${parts.join(' ')} ${added + removed === 1 ? 'line' : 'lines'}`;
}

function linesOf(text: Buffer): string[] {
  const lines = text.toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
