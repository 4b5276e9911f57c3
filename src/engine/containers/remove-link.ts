// `rm --link PARENT/ALIAS`: the parent container no longer knows the other one by that name.
import { conflict, notFound } from '#shared/errors.ts';
import type { Room } from './room.ts';

/** From the parent's next start on. Throws Docker's sentence for a plain name, which is no link. */
export function removeLink(room: Room, path: string): void {
  const [parentName, alias, ...more] = path.replace(/^\//, '').split('/');
  if (!parentName || !alias || more.length > 0) {
    throw conflict('Conflict, cannot remove the default link name of the container');
  }
  const parent = room.store.resolve(parentName);
  const links = parent.hostConfig.Links ?? [];
  const kept = links.filter((link) => aliasOf(link) !== alias);
  if (kept.length === links.length) throw notFound(`No such link: /${parent.name}/${alias}`);
  room.store.update(parent.id, { hostConfig: { ...parent.hostConfig, Links: kept } });
}

/** `other:alias`, or `other`, which is its own alias. */
function aliasOf(link: string): string {
  const [target = '', alias = target] = link.split(':');
  return alias.split('/').at(-1) ?? alias;
}
