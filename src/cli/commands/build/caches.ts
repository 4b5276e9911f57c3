// `--cache-from` and `--cache-to`: caches in registries, in folders here, and in the image itself.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { didYouMean, fieldsOf } from '#cli/commands/build/outputs.ts';
import { walkFiles } from '#cli/files/walk.ts';
import type { Client } from '#client/client.ts';
import { invalid } from '#shared/errors.ts';

export interface CacheExport {
  type: 'inline' | 'registry' | 'local';
  ref?: string;
  mode: 'min' | 'max';
  /** Of a local one. */
  dest?: string;
}

export interface CacheImport {
  ref?: string;
  /** A folder here. */
  src?: string;
}

const fromTypes = ['registry', 'local'];
const toTypes = ['inline', 'registry', 'local'];
const fromKeys = ['type', 'ref', 'src'];
const toKeys = ['type', 'ref', 'dest', 'mode'];

function unknownType(flag: string, type: string, types: readonly string[]): Error {
  return invalid(`invalid ${flag} type ${JSON.stringify(type)}${didYouMean(type, types)}`, {
    hint: `types are ${types.join(', ')}`,
  });
}

/** An image's name alone means a registry. */
export function cacheImportsOf(texts: readonly string[]): CacheImport[] {
  return texts.map((text) => {
    if (!text.includes('=')) return { ref: text };
    const fields = fieldsOf(text, fromKeys, '--cache-from');
    const [type = 'registry', ref, src] = ['type', 'ref', 'src'].map((key) => fields.get(key));
    if (!fromTypes.includes(type)) throw unknownType('--cache-from', type, fromTypes);
    if (type === 'registry' && !ref) throw invalid('--cache-from type=registry needs ref=NAME');
    if (type === 'registry') return { ref: ref ?? '' };
    if (!src) throw invalid('--cache-from type=local needs src=DIRECTORY');
    return { src };
  });
}

export function cacheExportsOf(texts: readonly string[]): CacheExport[] {
  return texts.map((text): CacheExport => {
    if (!text.includes('=') && text !== 'inline') return { type: 'registry', ref: text, mode: 'min' };
    const fields = fieldsOf(text === 'inline' ? 'type=inline' : text, toKeys, '--cache-to');
    const [type = 'registry', ref, dest, mode = 'min'] = ['type', 'ref', 'dest', 'mode'].map((key) =>
      fields.get(key),
    );
    if (mode !== 'min' && mode !== 'max')
      throw invalid(`invalid cache mode ${JSON.stringify(mode)}`, { hint: 'min or max' });
    if (type === 'inline') return { type, mode };
    if (type === 'registry' && !ref) throw invalid('--cache-to type=registry needs ref=NAME');
    if (type === 'registry') return { type, ref: ref ?? '', mode };
    if (type !== 'local') throw unknownType('--cache-to', type, toTypes);
    if (!dest) throw invalid('--cache-to type=local needs dest=DIRECTORY');
    return { type, dest, mode };
  });
}

/** Sends the caches that are folders here. One that is not there yet is passed over. */
export async function sendCaches(
  client: Client,
  session: string,
  imports: readonly CacheImport[],
): Promise<void> {
  const walk = { keeps: () => true, mayHoldKept: () => true };
  for (const [index, { src }] of imports.entries()) {
    if (src === undefined || !existsSync(join(src, 'index.json'))) continue;
    const { packFiles } = await import('#cli/files/pack.ts');
    const tar = packFiles(walkFiles(src, walk), { owners: false, extra: [] });
    await client.images.sendBuildContext(session, { name: `cache-${index}`, kind: 'cache' }, tar);
  }
}
