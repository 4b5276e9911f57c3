// `rm --link PARENT/ALIAS`: the parent container no longer knows the other one by that name.
import { conflict, notFound } from '#shared/errors.ts';
import { parseLink } from './config/links.ts';
import { linksOf } from './config/network-request.ts';
import type { Room } from './room.ts';

/** At once, also where the parent runs. Throws Docker's sentence for a plain name, which is no link. */
export async function removeLink(room: Room, path: string): Promise<void> {
  const [parentName, alias, ...more] = path.replace(/^\//, '').split('/');
  if (!parentName || !alias || more.length > 0) {
    throw conflict('Conflict, cannot remove the default link name of the container');
  }
  const parent = room.store.resolve(parentName);
  const links = parent.hostConfig.Links ?? [];
  const kept = links.filter((link) => parseLink(link).alias !== alias);
  if (kept.length === links.length) throw notFound(`No such link: /${parent.name}/${alias}`);
  const after = room.store.update(parent.id, { hostConfig: { ...parent.hostConfig, Links: kept } });
  await room.networks.link(after.id, linksOf(room, after));
}
