// Lays the files of a project over each other, with what each of them includes.
import { dirname, resolve } from 'node:path';
import { isMap, itemsOf, type Json, type JsonMap, mapOf, sameData, textOf } from '#compose/json.ts';
import { type Document, type Reader, readDocuments, resolveExtends } from '#compose/load/document.ts';
import { parseDotenv } from '#compose/load/dotenv.ts';
import { readText, readTextIfThere } from '#compose/load/files.ts';
import { type Located, placeIn } from '#compose/load/located.ts';
import { dropPath, merge } from '#compose/load/merge.ts';
import { type Place, problem } from '#compose/load/place.ts';
import type { Lookup } from '#compose/load/template.ts';

export interface FileSet {
  /** Absolute, base first. */
  files: readonly string[];
  /** What relative paths in them start from. */
  directory: string;
  reader: Reader;
}

export interface Layered {
  model: JsonMap;
  /** Every tree that was read, in the order of reading. */
  roots: Located[];
}

const shareable = ['services', 'networks', 'volumes', 'secrets', 'configs', 'models'];

/** All files as one model in long form. Throws `invalid` with the place of what is wrong. */
export function layerFiles(set: FileSet, chain: readonly string[] = []): Layered {
  let model: JsonMap = {};
  const roots: Located[] = [];
  for (const file of set.files) {
    for (const document of readDocuments(file, set.directory, set.reader)) {
      const included = includeAll(document, set, [...chain, file]);
      const own = withIncluded(resolveExtends(document, set.reader), included.model, document);
      roots.push(...included.roots, document.root);
      const kept = document.dropped.reduce<Json>((data, path) => dropPath(data, path), model);
      model = mapOf(merge(kept, own));
    }
  }
  return { model, roots };
}

interface Inclusion {
  files: string[];
  directory: string;
  envFiles: string[] | undefined;
  at: Place | undefined;
}

function includeAll(document: Document, set: FileSet, chain: readonly string[]): Layered {
  const total: Layered = { model: {}, roots: [] };
  for (const [index, entry] of itemsOf(document.model['include']).entries()) {
    const at = placeIn([document.root], ['include', index]);
    const inclusion = inclusionOf(entry, set.directory, at);
    const again = inclusion.files.find((file) => chain.includes(file));
    if (again !== undefined) {
      const steps = [...chain, again].map((file) => set.reader.shown(file));
      throw problem(at, `include cycle detected: ${steps.join(' → ')}`);
    }
    const layered = layerIncluded(inclusion, set, chain);
    total.model = withIncluded(total.model, layered.model, document);
    total.roots.push(...layered.roots);
  }
  return total;
}

function layerIncluded(inclusion: Inclusion, set: FileSet, chain: readonly string[]): Layered {
  const reader = { ...set.reader, interpolation: includedInterpolation(inclusion, set.reader) };
  try {
    return layerFiles({ files: inclusion.files, directory: inclusion.directory, reader }, chain);
  } catch (thrown) {
    if (thrown instanceof Error && thrown.message.startsWith('open '))
      throw problem(inclusion.at, thrown.message);
    throw thrown;
  }
}

function inclusionOf(entry: Json, directory: string, at: Place | undefined): Inclusion {
  const said = isMap(entry) ? entry : { path: entry };
  const files = asTexts(said['path']).map((path) => resolve(directory, path));
  const [first] = files;
  if (first === undefined) throw problem(at, 'include: missing path');
  const folder = said['project_directory'];
  return {
    files,
    directory: folder === undefined ? dirname(first) : resolve(directory, textOf(folder)),
    envFiles:
      said['env_file'] === undefined
        ? undefined
        : asTexts(said['env_file']).map((path) => resolve(directory, path)),
    at,
  };
}

function asTexts(value: Json | undefined): string[] {
  return (Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]).map(textOf);
}

/** The project's variables first; then those of the included project's own env files. */
function includedInterpolation(inclusion: Inclusion, reader: Reader): Reader['interpolation'] {
  const outer = reader.interpolation;
  if (outer === undefined) return undefined;
  const own = new Map<string, string>();
  const lookup: Lookup = (name) => outer.lookup(name) ?? own.get(name);
  for (const path of inclusion.envFiles ?? [`${inclusion.directory}/.env`]) {
    const text =
      inclusion.envFiles === undefined ? readTextIfThere(path) : readText(path, reader.shown(path));
    const parsed = parseDotenv(text ?? '', reader.shown(path), lookup);
    for (const [name, value] of parsed) own.set(name, value);
  }
  return { ...outer, lookup };
}

/** Included things beside a model's own; two different things of one name are refused. */
function withIncluded(model: JsonMap, included: JsonMap, document: Document): JsonMap {
  const joined: JsonMap = { ...model };
  for (const section of shareable) {
    const theirs = mapOf(included[section]);
    const ours = mapOf(model[section]);
    for (const [name, thing] of Object.entries(theirs)) {
      if (ours[name] === undefined || sameData(ours[name], thing)) continue;
      throw problem(
        placeIn([document.root], [section, name]),
        `${section}.${name} conflicts with imported resource`,
        'rename one of them, or change the included one in an override file',
      );
    }
    if (Object.keys(theirs).length > 0) joined[section] = { ...theirs, ...ours };
  }
  return joined;
}
