// Located trees as JSON and back: to have the trees of a text that was read before without reading its YAML again.
import type { Leaf, Located } from '#compose/load/located.ts';

/** Value, line and column, those of its key, its tag. */
type Coded = [Leaf | { list: Coded[] } | { map: [string, Coded][] }, number, number, ...(number | string)[]];

/** Undefined where JSON has no form for what is in them. */
export function encodeTrees(trees: readonly Located[]): Coded[] | undefined {
  try {
    return trees.map(encode);
  } catch (thrown) {
    if (thrown === withoutForm) return undefined;
    throw thrown;
  }
}

const withoutForm = new Error('a number without a form in JSON');

function encode({ value, at, keyAt, tag }: Located): Coded {
  const key = [keyAt?.line ?? 0, keyAt?.column ?? 0];
  return [encodeValue(value), at.line, at.column, ...key, ...(tag === undefined ? [] : [tag])];
}

function encodeValue(value: Located['value']): Coded[0] {
  if (Array.isArray(value)) return { list: value.map(encode) };
  if (value instanceof Map) return { map: [...value].map(([key, node]) => [key, encode(node)]) };
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) throw withoutForm;
  return value;
}

/** What `encodeTrees` was given; every place is in `file`. */
export function decodeTrees(trees: readonly Coded[], file: string): Located[] {
  return trees.map((coded) => decode(coded, file));
}

function decode([value, line, column, keyLine, keyColumn, tag]: Coded, file: string): Located {
  const node: Located = { value: decodeValue(value, file), at: { file, line, column } };
  if (typeof keyLine === 'number' && typeof keyColumn === 'number' && keyLine > 0)
    node.keyAt = { file, line: keyLine, column: keyColumn };
  if (tag === '!reset' || tag === '!override') node.tag = tag;
  return node;
}

function decodeValue(value: Coded[0], file: string): Located['value'] {
  if (typeof value !== 'object' || value === null) return value;
  if ('list' in value) return decodeTrees(value.list, file);
  return new Map(value.map.map(([key, node]) => [key, decode(node, file)]));
}
