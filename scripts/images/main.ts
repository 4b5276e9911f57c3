// `npm run hub:seed -- [HOST:PORT] [NAME…]`: makes the base and seed images (all, or these names) and, where a registry is named, pushes them to it.
import { join } from 'node:path';
import { openRegistry } from '#registry/registry.ts';
import { seedImage } from '../hub/seed.ts';
import { ensureLayout } from './layouts.ts';
import { recipes } from './recipes.ts';
import { seeds } from './seeds.ts';

const cache = join(import.meta.dirname, '../../.cache/images');
const args = process.argv.slice(2);
const registry = args.find((text) => text.includes(':'));
const names = args.filter((text) => text !== registry);
const all = [...recipes, ...Object.values(seeds)];
const nameOf = (full: string) => full.split(':')[0] ?? full;
const unknown = names.find((name) => !all.some((recipe) => nameOf(recipe.name) === name));
if (unknown !== undefined)
  throw new Error(
    `no recipe for ${unknown}; there are ${all.map((recipe) => nameOf(recipe.name)).join(', ')}`,
  );

using client = openRegistry();
for (const recipe of all.filter(({ name }) => names.length === 0 || names.includes(nameOf(name)))) {
  const layout = await ensureLayout(recipe, cache, (line) => console.log(line));
  if (registry === undefined) console.log(`${recipe.name}\t${layout}`);
  const [name = '', first = 'latest'] = recipe.name.split(':');
  for (const tag of registry === undefined ? [] : [first, ...(recipe.tags ?? [])]) {
    await seedImage(client, { registry: registry ?? '', repository: `library/${name}`, tag, layout });
    console.log(`${registry}/library/${name}:${tag}`);
  }
}
