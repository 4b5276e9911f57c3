// The nearest right word to a mistyped one.

/** The word of `words` that few enough typing slips part from `typed`, or undefined. */
export function nearest(typed: string, words: readonly string[]): string | undefined {
  const limit = typed.length <= 3 ? 1 : typed.length <= 6 ? 2 : 3;
  let best: { word: string; slips: number } | undefined;
  for (const word of words) {
    const slips = slipsBetween(typed.slice(0, 60), word);
    if (slips <= limit && (best === undefined || slips < best.slips)) best = { word, slips };
  }
  return best?.word ?? words.find((word) => typed.length >= 3 && word.startsWith(typed));
}

/** How many letters must be added, dropped, changed or swapped with their neighbour. */
function slipsBetween(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = cell(rows, i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(change, cell(rows, i - 1, j) + 1, (row[j - 1] ?? 0) + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, cell(rows, i - 2, j - 2) + 1);
      row.push(least);
    }
    rows.push(row);
  }
  return cell(rows, a.length, b.length);
}

function cell(rows: number[][], i: number, j: number): number {
  return rows[i]?.[j] ?? 0;
}
