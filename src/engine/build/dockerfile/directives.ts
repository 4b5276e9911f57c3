// Parser directives: the `# key=value` comments at the very top of a Dockerfile.
import { DockerfileError } from './errors.ts';

export interface Directives {
  /** The character that escapes and continues lines: backslash or backtick. */
  escape: '\\' | '`';
  syntax?: string;
  check?: string;
  /** Lines that they take. */
  count: number;
}

const directive = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/;
const known = new Set(['escape', 'syntax', 'check']);

/** Reads the directives; the first line that is none ends them. A repeated or wrong one throws DockerfileError. */
export function parseDirectives(lines: readonly string[], file: string): Directives {
  const found = new Map<string, string>();
  for (const [index, line] of lines.entries()) {
    const match = directive.exec(line.trim());
    const key = match?.[1]?.toLowerCase();
    const value = match?.[2];
    if (key === undefined || value === undefined || !known.has(key)) break;
    if (found.has(key)) {
      throw new DockerfileError(
        file,
        { line: index + 1, column: 1 },
        { text: `only one ${key} parser directive can be used` },
      );
    }
    if (key === 'escape' && value !== '\\' && value !== '`') {
      const text = `invalid ESCAPE '${value}'. Must be \` or \\`;
      throw new DockerfileError(
        file,
        { line: index + 1, column: 1 },
        { text, expected: 'a backslash or a backtick' },
      );
    }
    found.set(key, value);
  }
  const syntax = found.get('syntax');
  const check = found.get('check');
  return {
    count: found.size,
    escape: found.get('escape') === '`' ? '`' : '\\',
    ...(syntax === undefined ? {} : { syntax }),
    ...(check === undefined ? {} : { check }),
  };
}
