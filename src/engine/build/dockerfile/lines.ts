// Physical lines → logical lines: comments dropped, continuations joined, here-documents taken.
import { DockerfileError, type Position } from './errors.ts';
import { type Heredoc, heredocMarks, takeHeredoc } from './heredoc.ts';

export interface LogicalLine {
  /** Joined text, without leading and trailing blanks. */
  text: string;
  /** First and last physical line, from 1. */
  line: number;
  endLine: number;
  heredocs: Heredoc[];
  /** The comment lines right before it, without their marks. */
  comments: string[];
  /** The first empty line between its continued ones. */
  blankLine?: number;
  /** Where a character of `text` stands in the file. */
  positionAt(offset: number): Position;
}

interface Segment {
  start: number;
  line: number;
  column: number;
}

const isComment = (line: string): boolean => /^\s*#/.test(line);
const isBlank = (line: string): boolean => line.trim() === '';
const takesHeredoc = /^(?:onbuild\s+)?(?:run|copy|add)\s/i;

/** Splits a file into physical lines, without line ends and byte order mark. */
export function physicalLines(text: string): string[] {
  return text.replace(/^\uFEFF/, '').split(/\r?\n/);
}

function continuation(escapeChar: string): RegExp {
  const mark = escapeChar === '`' ? '`' : '\\\\';
  return new RegExp(`(?:^|[^${mark}])(${mark}[ \\t]*)$`);
}

function positionIn(segments: readonly Segment[], offset: number): Position {
  let found = segments[0] ?? { start: 0, line: 1, column: 1 };
  for (const segment of segments) if (segment.start <= offset) found = segment;
  return { line: found.line, column: found.column + Math.max(0, offset - found.start) };
}

/** Joins one instruction beginning at `first`; `next` is the line after it. */
function join(
  lines: readonly string[],
  first: number,
  ends: RegExp,
): { text: string; segments: Segment[]; next: number; blankLine?: number } {
  const segments: Segment[] = [];
  let blankLine: number | undefined;
  let text = '';
  let index = first;
  let going = true;
  for (; going && index < lines.length; index++) {
    const raw = lines[index] ?? '';
    if (index > first && (isComment(raw) || isBlank(raw))) {
      if (isBlank(raw)) blankLine ??= index + 1;
      continue;
    }
    const lead = index === first ? raw.length - raw.trimStart().length : 0;
    const mark = ends.exec(raw)?.[1];
    going = mark !== undefined;
    const part = mark === undefined ? raw : raw.slice(0, raw.length - mark.length);
    segments.push({ start: text.length, line: index + 1, column: lead + 1 });
    text += part.slice(lead);
  }
  // Blank lines after which nothing comes are the end of the file.
  const within = blankLine !== undefined && blankLine < (segments.at(-1)?.line ?? 0);
  return { text: text.trimEnd(), segments, next: index, ...(within ? { blankLine } : {}) };
}

/** All logical lines of a Dockerfile. An unterminated here-document throws DockerfileError. */
export function logicalLines(
  lines: readonly string[],
  options: { escape: string; file: string; directives?: number },
): LogicalLine[] {
  const ends = continuation(options.escape);
  const found: LogicalLine[] = [];
  let comments: string[] = [];
  let index = options.directives ?? 0;
  while (index < lines.length) {
    const raw = lines[index] ?? '';
    if (isComment(raw) || isBlank(raw)) {
      const words = raw.replace(/^\s*#/, '').trim();
      comments = words === '' ? [] : [...comments, words];
      index += 1;
      continue;
    }
    const joined = join(lines, index, ends);
    const heredocs: Heredoc[] = [];
    let next = joined.next;
    for (const mark of takesHeredoc.test(joined.text) ? heredocMarks(joined.text) : []) {
      const taken = takeHeredoc(lines, next, mark);
      if (taken === undefined) {
        const text = `unterminated heredoc: ${mark.name}`;
        throw new DockerfileError(
          options.file,
          { line: index + 1, column: 1 },
          { text, expected: `a line ${mark.name}` },
        );
      }
      heredocs.push(taken.heredoc);
      next = taken.next;
    }
    const { text, segments, blankLine } = joined;
    if (text !== '') {
      const positionAt = (offset: number): Position => positionIn(segments, offset);
      const blank = blankLine === undefined ? {} : { blankLine };
      found.push({ text, line: index + 1, endLine: next, heredocs, comments, positionAt, ...blank });
      comments = [];
    }
    index = next;
  }
  return found;
}
