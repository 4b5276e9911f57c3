// Environment lists (`NAME=value`): merging them, and reading `--env-file`.
import { invalid } from '#shared/errors.ts';

/** The name of an entry: what stands before its first `=`. */
export function envName(entry: string): string {
  const equals = entry.indexOf('=');
  return equals < 0 ? entry : entry.slice(0, equals);
}

/**
 * `base` with the entries of `over` laid over it. A name keeps its place in the order; an entry of `over`
 * without `=` takes the name away.
 */
export function mergeEnv(base: readonly string[], over: readonly string[]): string[] {
  const merged = new Map<string, string>();
  for (const entry of base) merged.set(envName(entry), entry);
  for (const entry of over) {
    if (entry.includes('=')) merged.set(envName(entry), entry);
    else merged.delete(entry);
  }
  return [...merged.values()];
}

/**
 * The entries of an env file: one a line, `#` starts a comment line, values are taken as they stand. A name
 * without `=` takes its value from `lookup`, and is left out where that has none. Throws `invalid`.
 */
export function parseEnvFile(
  text: string,
  lookup: (name: string) => string | undefined = () => undefined,
): string[] {
  const entries: string[] = [];
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (const [at, raw] of lines.entries()) {
    const line = raw.replace(/^\s+/, '');
    if (line === '' || line.startsWith('#')) continue;
    const name = envName(line);
    if (name === '')
      throw invalid(`invalid env file: line ${at + 1}: no variable name on line '${line.slice(0, 100)}'`);
    if (/\s/.test(name))
      throw invalid(
        `invalid env file: line ${at + 1}: variable '${name.slice(0, 100)}' contains whitespaces`,
      );
    if (name !== line) entries.push(line);
    else {
      const value = lookup(name);
      if (value !== undefined) entries.push(`${name}=${value}`);
    }
  }
  return entries;
}
