// Files that the user names in flags.
import { readFileSync } from 'node:fs';
import { codeOf, invalid } from '#shared/errors.ts';

/** The text of a file that the user named. Throws `invalid` with the file's name. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const why =
      codeOf(cause) === 'ENOENT' ? 'no such file or directory' : (codeOf(cause) ?? 'cannot be read');
    throw invalid(`open ${file}: ${why}`, { cause });
  }
}
