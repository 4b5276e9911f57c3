// Rename: a container has another name, and so have those who know it by a link.
import type { LinkedName, Sandbox } from './record.ts';
import type { NetworkRoom } from './room.ts';
import { followLinks } from './rules/follow-links.ts';

export interface Renamed {
  containerId: string;
  from: string;
  to: string;
}

/** Afterwards the container, where it runs, is found by its new name; links to the former one lead to it all the same. */
export async function renameContainer(room: NetworkRoom, { containerId, from, to }: Renamed): Promise<void> {
  for (const sandbox of room.store.sandboxes()) {
    const links = renamedLinks(sandbox, from, to);
    if (links !== undefined) room.store.putSandbox({ ...sandbox, links });
  }
  const sandbox = room.store.sandbox(containerId);
  if (sandbox === undefined) return followLinks(room);
  room.store.putSandbox({ ...sandbox, name: to });
  room.reservations.rename(from, to);
  await followLinks(room);
  await room.tellNames(sandbox.endpoints.map(({ networkId }) => networkId));
}

/** Undefined where none leads there. */
function renamedLinks({ links = [] }: Sandbox, from: string, to: string): LinkedName[] | undefined {
  if (!links.some(({ target }) => target === from)) return undefined;
  return links.map((link) => (link.target === from ? { ...link, target: to } : link));
}
