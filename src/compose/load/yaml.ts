// YAML text → located trees: anchors, merge keys and tags are worked out, places are kept.
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  type Scalar,
} from 'yaml';
import type { Leaf, Located } from '#compose/load/located.ts';
import { type Place, problem } from '#compose/load/place.ts';

/** A file of this many nodes once its aliases are laid out is an attack or a mistake. */
const mostNodes = 200_000;
const deepest = 100;

interface Reading {
  file: string;
  lines: LineCounter;
  document: Document;
  nodes: number;
}

/**
 * The documents of a file, as trees. An empty file is an empty mapping. Throws `invalid` with file, line and
 * column for anything that is not YAML, keys given twice, and aliases that lead nowhere or never end.
 */
export function readYaml(text: string, file: string): Located[] {
  const lines = new LineCounter();
  const documents = parse(text, file, lines);
  const trees = documents.map((document) => {
    const reading: Reading = { file, lines, document, nodes: 0 };
    const [failure] = document.errors;
    if (failure !== undefined) throw problem(placeAt(reading, failure.pos[0]), tidy(failure.message));
    return readNode(reading, document.contents, 0);
  });
  const filled = trees.filter((tree) => tree.value !== null);
  if (filled.length === 0) return [{ value: new Map(), at: { file, line: 1, column: 1 } }];
  for (const tree of filled) {
    if (!(tree.value instanceof Map)) throw problem(tree.at, 'top-level object must be a mapping');
  }
  return filled;
}

function parse(text: string, file: string, lineCounter: LineCounter): Document[] {
  try {
    const parsed = parseAllDocuments(text.replace(/^\uFEFF/, ''), {
      lineCounter,
      prettyErrors: false,
      logLevel: 'error',
      uniqueKeys: true,
    });
    return Array.isArray(parsed) ? parsed : [];
  } catch (thrown) {
    if (thrown instanceof RangeError) throw problem({ file, line: 1, column: 1 }, 'is nested too deep');
    throw thrown;
  }
}

function tidy(message: string): string {
  const first = message.split('\n')[0] ?? message;
  return first === 'Map keys must be unique' ? 'mapping key is already defined' : `yaml: ${first}`;
}

function placeAt(reading: Reading, offset: number | undefined): Place {
  const { line, col } = reading.lines.linePos(offset ?? 0);
  return { file: reading.file, line, column: col };
}

function readNode(reading: Reading, node: Node | null, depth: number): Located {
  const at = placeAt(reading, node?.range?.[0]);
  reading.nodes += 1;
  if (reading.nodes > mostNodes || depth > deepest) {
    throw problem(at, 'is too large or nested too deep once its aliases are laid out');
  }
  const tag = mergeTagOf(node);
  if (isAlias(node)) return readAlias(reading, node, depth);
  if (isScalar(node)) return { value: leafOf(node), at, ...tag };
  if (isSeq(node)) {
    return { value: node.items.map((item) => readNode(reading, asNode(item), depth + 1)), at, ...tag };
  }
  if (isMap(node)) return { value: readPairs(reading, node.items, depth), at, ...tag };
  return { value: null, at };
}

function mergeTagOf(node: Node | null): Pick<Located, 'tag'> {
  if (node?.tag === '!reset') return { tag: '!reset' };
  return node?.tag === '!override' ? { tag: '!override' } : {};
}

function readAlias(reading: Reading, alias: Alias, depth: number): Located {
  const target = alias.resolve(reading.document);
  const at = placeAt(reading, alias.range?.[0]);
  if (target === undefined) throw problem(at, `yaml: unknown anchor '${alias.source}' referenced`);
  const holdsItself =
    target.range && alias.range && target.range[0] <= alias.range[0] && alias.range[0] < target.range[1];
  if (holdsItself) throw problem(at, `yaml: anchor '${alias.source}' value contains itself`);
  return readNode(reading, target, depth + 1);
}

function readPairs(reading: Reading, pairs: Pair[], depth: number): Map<string, Located> {
  const own = new Map<string, Located>();
  const merged = new Map<string, Located>();
  for (const pair of pairs) {
    const key = asNode(pair.key);
    const keyAt = placeAt(reading, key?.range?.[0]);
    const value = readNode(reading, asNode(pair.value), depth + 1);
    if (isScalar(key) && key.source === '<<' && key.type === 'PLAIN') layUnder(merged, value);
    else own.set(keyText(key, keyAt), { ...value, keyAt, ...(pair.value === null ? { at: keyAt } : {}) });
  }
  for (const [key, value] of merged) if (!own.has(key)) own.set(key, value);
  return own;
}

/** `<<`: what is merged first wins; own keys win over all. */
function layUnder(merged: Map<string, Located>, source: Located): void {
  const sources = Array.isArray(source.value) ? source.value : [source];
  for (const one of sources) {
    if (!(one.value instanceof Map))
      throw problem(one.at, 'yaml: map merge requires map or sequence of maps as the value');
    for (const [key, value] of one.value) if (!merged.has(key)) merged.set(key, value);
  }
}

function keyText(key: Node | null, at: Place): string {
  if (!isScalar(key)) throw problem(at, 'yaml: a key must be a plain word');
  const text = key.value === null ? 'null' : String(key.source ?? key.value);
  if (text === '__proto__') throw problem(at, `yaml: the key '${text}' is not allowed`);
  return text;
}

/** Octal as YAML 1.1 had it (`mode: 0440`) is a number, and numbers too big to be exact keep their digits. */
function leafOf(node: Scalar): Leaf {
  const { value, source } = node;
  if (typeof value === 'number' && source !== undefined) {
    if (/^0[0-7]+$/.test(source)) return Number.parseInt(source, 8);
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) return source;
    return value;
  }
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value === 'bigint') return String(value);
  return value === null || value === undefined ? null : (source ?? null);
}

function asNode(value: unknown): Node | null {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value) ? value : null;
}
