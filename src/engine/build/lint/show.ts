// Findings of the build checks as text: in short for the end of a build, in full for `--check`.
import { ruleUrl, type Warning } from './rules.ts';

/** What a build tells when it is done; empty where nothing was found. */
export function summaryOf(warnings: readonly Warning[]): string {
  if (warnings.length === 0) return '';
  const head = ` ${warnings.length} warning${warnings.length === 1 ? '' : 's'} found (use --check to see more):\n`;
  return head + warnings.map(({ rule, detail, line }) => ` - ${rule}: ${detail} (line ${line})\n`).join('');
}

const around = 2;

/** The lines of the file that a finding is about, marked, with some around them. */
function excerpt(file: string, lines: readonly string[], { line, endLine }: Warning): string {
  const last = Math.min(lines.length, endLine);
  const [from, to] = [Math.max(1, line - around), Math.min(lines.length, last + around)];
  const shown = lines.slice(from - 1, to).map((text, index) => {
    const number = from + index;
    const mark = number >= line && number <= last ? '>>>' : '   ';
    return `${String(number).padStart(4)} | ${mark} ${text}`.trimEnd();
  });
  const rule = '-'.repeat(20);
  return `${file}:${line}\n${rule}\n${shown.join('\n')}\n${rule}\n`;
}

/** All of it, with the lines and what to do. */
export function reportOf(file: string, text: string, warnings: readonly Warning[]): string {
  const lines = text.replace(/\n$/, '').split(/\r?\n/);
  const found =
    warnings.length === 0
      ? 'no warnings found.'
      : warnings.length === 1
        ? '1 warning has been found!'
        : `${warnings.length} warnings have been found!`;
  const each = warnings.map(
    (warning) =>
      `\nWARNING: ${warning.rule} - ${ruleUrl(warning.rule)}\n${warning.detail}\n${warning.advice}\n${excerpt(file, lines, warning)}`,
  );
  return `Check complete, ${found}\n${each.join('')}`;
}
