// Fills the variables of a located tree; errors name file, line and the attribute.
import type { Located } from '#compose/load/located.ts';
import { formatPath, type Path, problem } from '#compose/load/place.ts';
import { fillTemplate, type Lookup, parseTemplate, TemplateError } from '#compose/load/template.ts';

export interface Interpolation {
  lookup: Lookup;
  /** Called once for each variable that is not set anywhere. */
  warn: (message: string) => void;
}

/**
 * The tree with every text in it filled; keys stay as they are. Throws `invalid` with the place for bad syntax
 * and for variables that `:?` demands.
 */
export function interpolate(node: Located, how: Interpolation, path: Path = []): Located {
  const { value } = node;
  if (typeof value === 'string') {
    return value.includes('$') ? { ...node, value: fillText(value, { node, how, path }) } : node;
  }
  if (Array.isArray(value)) {
    return { ...node, value: value.map((child, at) => interpolate(child, how, [...path, at])) };
  }
  if (!(value instanceof Map)) return node;
  const filled = new Map<string, Located>();
  for (const [key, child] of value) filled.set(key, interpolate(child, how, [...path, key]));
  return { ...node, value: filled };
}

function fillText(text: string, where: { node: Located; how: Interpolation; path: Path }): string {
  const { how, node, path } = where;
  try {
    return fillTemplate(parseTemplate(text), how.lookup, {
      onUnset: (name) => how.warn(`The "${name}" variable is not set. Defaulting to a blank string.`),
    });
  } catch (thrown) {
    if (!(thrown instanceof TemplateError)) throw thrown;
    const attribute = formatPath(path);
    if (thrown.missing !== undefined) {
      throw problem(
        node.at,
        `error while interpolating ${attribute}: ${thrown.message}`,
        `set ${thrown.missing} in the environment or in the .env file`,
      );
    }
    throw problem(
      node.at,
      `invalid interpolation format for ${attribute}: ${JSON.stringify(text)}. ${thrown.message}`,
    );
  }
}
