// One file in its long form: read, filled, checked, and with what it extends worked in.
import { dirname } from 'node:path';
import { checkDocument } from '#compose/check/document.ts';
import { isMap, type Json, type JsonMap, mapOf, textOf } from '#compose/json.ts';
import { readText } from '#compose/load/files.ts';
import { documentForm } from '#compose/load/forms/document.ts';
import { type Interpolation, interpolate } from '#compose/load/interpolate.ts';
import { droppedPaths, type Located, placeIn, plainOf } from '#compose/load/located.ts';
import { dropPath, merge } from '#compose/load/merge.ts';
import { isModule, readModule } from '#compose/load/module.ts';
import { type Path, type Place, problem } from '#compose/load/place.ts';

/** The documents of a text as trees; `file` is what users read in messages. Throws `invalid`. */
export type ParseYaml = (text: string, file: string) => Located[];

export interface Reader {
  /** Nothing where variables are to stay as they are written. */
  interpolation: Interpolation | undefined;
  /** A path as users read it. */
  shown: (path: string) => string;
  /** What the file `-` holds. */
  stdin?: (() => string) | undefined;
  /** Trees by path, as they are written, so that no file is read twice. */
  trees: Map<string, Located[]>;
  parse: ParseYaml;
}

export interface Document {
  /** Absolute. */
  path: string;
  /** As users read it. */
  file: string;
  /** In long form, with absolute paths. Its services may still extend others. */
  model: JsonMap;
  root: Located;
  /** Paths at which this file drops what earlier ones say. */
  dropped: Path[];
}

/** The trees of a file as they are written. */
export function readRawTrees(path: string, reader: Reader): Located[] {
  const known = reader.trees.get(path);
  if (known !== undefined) return known;
  const shown = reader.shown(path);
  if (path !== '-' && isModule(path)) {
    const trees = readModule(path, shown);
    reader.trees.set(path, trees);
    return trees;
  }
  const text = path === '-' && reader.stdin !== undefined ? reader.stdin() : readText(path, shown);
  const trees = reader.parse(text, shown);
  reader.trees.set(path, trees);
  return trees;
}

/**
 * The documents of a file. Relative paths in it start from `directory`. Throws `invalid` with the place of all
 * that is not as the schema says.
 */
export function readDocuments(path: string, directory: string, reader: Reader): Document[] {
  const { interpolation } = reader;
  return readRawTrees(path, reader).map((raw) => {
    const root = interpolation === undefined ? raw : interpolate(raw, interpolation);
    checkDocument(root);
    const placeOf = (at: Path): Place | undefined => placeIn([root], at);
    const model = documentForm(mapOf(plainOf(root)), { path: [], directory, placeOf });
    return { path, file: reader.shown(path), model, root, dropped: droppedPaths(root) };
  });
}

/** The document with every service that extends another one laid over it. Throws `invalid` for cycles. */
export function resolveExtends(document: Document, reader: Reader): JsonMap {
  const services = mapOf(document.model['services']);
  const resolved: JsonMap = {};
  for (const name of Object.keys(services)) resolved[name] = extended(document, name, { reader, chain: [] });
  return Object.keys(services).length === 0 ? document.model : { ...document.model, services: resolved };
}

interface Walk {
  reader: Reader;
  chain: { file: string; name: string }[];
}

function extended(document: Document, name: string, { reader, chain }: Walk): JsonMap {
  const path = ['services', name];
  const service = mapOf(mapOf(document.model['services'])[name]);
  const { extends: source, ...own } = service;
  if (!isMap(source)) return own;
  const at = placeIn([document.root], [...path, 'extends']);
  const longer = [...chain, { file: document.file, name }];
  if (chain.some((step) => step.file === document.file && step.name === name)) {
    throw problem(
      at,
      `extends cycle detected: ${longer.map((step) => `${step.name} (${step.file})`).join(' → ')}`,
    );
  }
  const baseName = textOf(source['service']);
  const base = source['file'] === undefined ? document : openBase(textOf(source['file']), { at, reader });
  if (mapOf(base.model['services'])[baseName] === undefined) {
    throw problem(
      at,
      `cannot extend service "${name}" in ${document.file}: service "${baseName}" not found in ${base.file}`,
    );
  }
  const below = extended(base, baseName, { reader, chain: longer });
  const kept = document.dropped.reduce<Json>((model, drop) => dropPath(model, drop), wrap(name, below));
  return mapOf(mapOf(mapOf(merge(kept, wrap(name, own)))['services'])[name]);
}

function wrap(name: string, service: JsonMap): JsonMap {
  return { services: { [name]: service } };
}

function openBase(path: string, { at, reader }: { at: Place | undefined; reader: Reader }): Document {
  let documents: Document[];
  try {
    documents = readDocuments(path, dirname(path), reader);
  } catch (thrown) {
    if (thrown instanceof Error && thrown.message.startsWith('open ')) throw problem(at, thrown.message);
    throw thrown;
  }
  const [first] = documents;
  if (first === undefined) throw problem(at, `${reader.shown(path)} is empty`);
  return first;
}
