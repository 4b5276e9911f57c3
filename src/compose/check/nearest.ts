// The known word that is nearest to what was typed.

/** The nearest of the words, or nothing where none is near enough to be meant. */
export function nearestWord(typed: string, words: readonly string[]): string | undefined {
  const wanted = plain(typed);
  let best: { word: string; distance: number } | undefined;
  for (const word of words) {
    const distance = wanted === plain(word) ? 0 : editDistance(wanted, plain(word));
    if (best === undefined || distance < best.distance) best = { word, distance };
  }
  const near = Math.max(1, Math.floor(typed.length / 3));
  return best !== undefined && best.distance <= near ? best.word : undefined;
}

/** Case, dashes and a plural are never what makes two keys different. */
function plain(word: string): string {
  return word.toLowerCase().replace(/[-_]/g, '').replace(/s$/, '');
}

/** How many letters must be put in, taken out, changed or swapped with their neighbour. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, (before[j - 2] ?? 0) + 1);
      row.push(least);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? a.length;
}
