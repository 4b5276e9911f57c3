// Here-documents: `<<EOF` words of RUN, COPY and ADD, and the lines they take.

export interface Heredoc {
  /** The word that ends it. */
  name: string;
  /** Each line ended by a newline. */
  content: string;
  /** As in the file: with the tabs that `<<-` takes off. */
  written: string;
  /** False where the name was quoted: variables stay as they are. */
  expand: boolean;
  /** `<<-`: leading tabs of each line are taken off. */
  chomp: boolean;
}

export interface HeredocMark {
  name: string;
  expand: boolean;
  chomp: boolean;
}

const mark = /^\d*<<(-?)(?:"([^"\s]+)"|'([^'\s]+)'|([A-Za-z_][\w.-]*))$/;

/** The mark in one word of a line, or undefined. */
export function heredocMark(word: string): HeredocMark | undefined {
  const match = mark.exec(word);
  const name = match?.[2] ?? match?.[3] ?? match?.[4];
  if (match === null || name === undefined) return undefined;
  return { name, expand: match[4] !== undefined, chomp: match[1] === '-' };
}

/** The marks on a logical line of RUN, COPY or ADD. Quoted text is passed over. */
export function heredocMarks(line: string): HeredocMark[] {
  const marks: HeredocMark[] = [];
  const pattern =
    /'[^']*'|"(?:\\.|[^"\\])*"|(?<=^|\s|;|\|)\d*<<-?(?:"[^"\s]+"|'[^'\s]+'|[A-Za-z_][\w.-]*)(?=$|[\s;|&>)])/g;
  for (const [word] of line.matchAll(pattern)) {
    const found = heredocMark(word);
    if (found !== undefined) marks.push(found);
  }
  return marks;
}

/** Takes the lines of one here-document from `lines` at `start`; undefined where its end is missing. */
export function takeHeredoc(
  lines: readonly string[],
  start: number,
  wanted: HeredocMark,
): { heredoc: Heredoc; next: number } | undefined {
  const content: string[] = [];
  const written: string[] = [];
  for (let index = start; index < lines.length; index++) {
    const raw = lines[index] ?? '';
    const line = wanted.chomp ? raw.replace(/^\t+/, '') : raw;
    if (line === wanted.name) {
      const texts = { content: joined(content), written: joined(written) };
      return { heredoc: { ...wanted, ...texts }, next: index + 1 };
    }
    content.push(line);
    written.push(raw);
  }
  return undefined;
}

const joined = (lines: readonly string[]): string => lines.map((each) => `${each}\n`).join('');
