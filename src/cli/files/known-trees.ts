// Compose files that were read before: reading YAML is the longest part of the start of a command of Compose.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Env } from '#cli/files/config-file.ts';
import { decodeTrees, encodeTrees } from '#compose/load/coded-trees.ts';
import type { ParseYaml } from '#compose/load/document.ts';
import type { Located } from '#compose/load/located.ts';
import { makeFolders } from '#shared/make-folders.ts';

/** Thrown by `known`: the text has to be read. */
export class NotKnown extends Error {}

/** Changes with what reading YAML gives. */
const form = 1;
/** Longer texts are seldom, and not worth their room. */
const longest = 200_000;
const mostFiles = 100;

export interface KnownTrees {
  /** The trees of a text that was read before; throws `NotKnown`. */
  known: ParseYaml;
  /** The same by `parse`, and kept. */
  learning(parse: ParseYaml): ParseYaml;
}

/** In the user's cache; without one nothing is known and nothing is kept. Only who owns it may read it. */
export function openKnownTrees(env: Env): KnownTrees {
  const base = env['XDG_CACHE_HOME'] || (env['HOME'] ? join(env['HOME'], '.cache') : undefined);
  const folder = base === undefined ? undefined : join(base, 'wharf', 'compose');
  const pathOf = (text: string): string => join(folder ?? '', nameOf(text));
  return {
    known(text, file) {
      const found = folder === undefined ? undefined : read(pathOf(text));
      if (found?.form !== form || found.text !== text) throw new NotKnown('not read before');
      return decodeTrees(found.trees, file);
    },
    learning: (parse) => (text, file) => {
      const trees = parse(text, file);
      if (folder !== undefined && text.length <= longest) keep(folder, { path: pathOf(text), text, trees });
      return trees;
    },
  };
}

interface Kept {
  form: number;
  text: string;
  trees: Parameters<typeof decodeTrees>[0];
}

/** Two texts may have one name, as the text itself is compared: the later one then takes the place. */
function nameOf(text: string): string {
  let sum = 7;
  for (let at = 0; at < text.length; at += 1) sum = (Math.imul(sum, 31) + text.charCodeAt(at)) | 0;
  return `${(sum >>> 0).toString(16)}-${text.length}.json`;
}

function read(path: string): Kept | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function keep(folder: string, { path, text, trees }: { path: string; text: string; trees: Located[] }): void {
  const coded = encodeTrees(trees);
  if (coded === undefined) return;
  const kept: Kept = { form, text, trees: coded };
  const partial = `${path}.${process.pid}`;
  try {
    makeFolders(mkdirSync, folder, 0o700);
    if (readdirSync(folder).length >= mostFiles) rmSync(folder, { recursive: true, force: true });
    makeFolders(mkdirSync, folder, 0o700);
    writeFileSync(partial, JSON.stringify(kept), { mode: 0o600 });
    renameSync(partial, path);
  } catch {
    // A full or read-only disk: the next command reads the YAML again.
  }
}
