// The tree of one document: data that knows where it stands.
import type { Json, JsonMap } from '#compose/json.ts';
import type { Path, Place } from '#compose/load/place.ts';

export type Leaf = null | boolean | number | string;

export interface Located {
  value: Leaf | Located[] | Map<string, Located>;
  at: Place;
  /** Where the key of this entry stands, for entries of mappings. */
  keyAt?: Place;
  /** How this takes part in a merge: it takes away what earlier files say, or takes its place. */
  tag?: '!reset' | '!override';
}

/** The data alone; entries that are `!reset` are left out. */
export function plainOf(node: Located): Json {
  const { value } = node;
  if (Array.isArray(value)) return value.filter((item) => item.tag !== '!reset').map(plainOf);
  if (!(value instanceof Map)) return value;
  const plain: JsonMap = {};
  for (const [key, child] of value) if (child.tag !== '!reset') plain[key] = plainOf(child);
  return plain;
}

/** The paths whose earlier value a merge drops: all that are marked `!reset` or `!override`. */
export function droppedPaths(node: Located, path: Path = []): Path[] {
  if (node.tag !== undefined) return [path];
  const { value } = node;
  if (Array.isArray(value)) return value.flatMap((child, at) => droppedPaths(child, [...path, at]));
  if (!(value instanceof Map)) return [];
  return [...value].flatMap(([key, child]) => droppedPaths(child, [...path, key]));
}

/**
 * The node at the path or the nearest above it, and how many keys of the path led there. A key that is asked of
 * a list leads to the item that starts with it, as `FOO=1` does for `FOO`.
 */
export function nearestNode(root: Located, path: Path): { node: Located; depth: number } {
  let node = root;
  for (const [depth, key] of path.entries()) {
    const next = childOf(node, key);
    if (next === undefined) return { node, depth };
    node = next;
  }
  return { node, depth: path.length };
}

function childOf(node: Located, key: string | number): Located | undefined {
  const { value } = node;
  if (value instanceof Map) return value.get(String(key));
  if (!Array.isArray(value)) return undefined;
  if (typeof key === 'number') return value[key];
  return value.find((item) => namesKey(item, key));
}

function namesKey(item: Located, key: string): boolean {
  if (typeof item.value === 'string')
    return item.value === key || (/^[=:]/.test(item.value.slice(key.length)) && item.value.startsWith(key));
  return item.value instanceof Map && [...item.value.values()].some((child) => child.value === key);
}

/** The place of a path in the last of the files that knows most of it. */
export function placeIn(roots: readonly Located[], path: Path): Place | undefined {
  let best: { node: Located; depth: number } | undefined;
  for (const root of roots) {
    const found = nearestNode(root, path);
    if (best === undefined || found.depth >= best.depth) best = found;
  }
  return best?.node.keyAt ?? best?.node.at;
}
