// Makes an image of a recipe once and keeps it in the cache as an OCI layout: the root from packages, then the files of its own.
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { extendLayout, writeLayout } from './layout.ts';
import type { Recipe } from './recipes.ts';
import { makeRoot, packFiles } from './root.ts';

const seedFolders = join(import.meta.dirname, 'seeds');

/** The folder of the layout of `recipe`, made now where the cache lacks it. */
export async function ensureLayout(
  recipe: Recipe,
  cache: string,
  say: (line: string) => void,
): Promise<string> {
  const layout = placeOf(recipe, cache);
  if (existsSync(layout)) return layout;
  // Two runs may make the same image at a time: each in a place of its own, and the first one's stays.
  const work = `${layout}.making-${process.pid}`;
  const tarFile = `${work}.tar`;
  try {
    await mkdir(work, { recursive: true });
    if (recipe.files === undefined) {
      say(`making base image ${recipe.name} from Debian packages`);
      await makeRoot(recipe, tarFile);
      await writeLayout(tarFile, work, recipe.config);
    } else {
      const base = await ensureLayout(rootOf(recipe), cache, say);
      // The checkout's umask is not the image's.
      await packFiles(join(seedFolders, recipe.files), tarFile, ['--mode=u=rwX,go=rX']);
      await extendLayout({ base, tarFile, layoutDir: work, recipe });
    }
    await rename(work, layout).catch((thrown: unknown) => {
      if (!existsSync(layout)) throw thrown;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
    await rm(tarFile, { force: true });
  }
  return layout;
}

/** True where the image of `recipe` is in the cache. */
export function isMade(recipe: Recipe, cache: string): boolean {
  return existsSync(placeOf(recipe, cache));
}

function placeOf(recipe: Recipe, cache: string): string {
  return join(cache, `${recipe.name.replace(/[:/]/g, '-')}-${keyOf(recipe)}`);
}

/** What of a recipe takes minutes: its root without the files, so that a change of those does not cost them. */
function rootOf(recipe: Recipe): Recipe {
  const { packages, finish, suite, exclude, keepsRun, revision } = recipe;
  const name = recipe.name.replace(':', '-root-');
  return { name, packages, finish, suite, exclude, keepsRun, revision, config: {} };
}

function keyOf(recipe: Recipe): string {
  const hash = createHash('sha256').update(JSON.stringify(recipe));
  if (recipe.files !== undefined) {
    const folder = join(seedFolders, recipe.files);
    for (const path of globSync('**', { cwd: folder }).sort()) {
      const stat = statSync(join(folder, path));
      hash.update(`${path} ${stat.mode & 0o100}\n`);
      if (stat.isFile()) hash.update(readFileSync(join(folder, path)));
    }
  }
  return hash.digest('hex').slice(0, 12);
}
