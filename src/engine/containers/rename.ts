// Rename a container.
import { EngineError, invalid } from '#shared/errors.ts';
import { assertName } from '#shared/notation/name.ts';
import { withRenamedLinks } from './config/links.ts';
import { announce, type Room } from './room.ts';

/** Links to it lead to it all the same. Throws `conflict` where another container has the name. */
export async function renameContainer(room: Room, id: string, newName: string): Promise<void> {
  const before = room.store.require(id);
  const name = newName.startsWith('/') ? newName.slice(1) : newName;
  if (name === '') throw invalid('Neither old nor new names may be empty');
  if (name === before.name) throw invalid('Renaming a container with the same name as its current name');
  assertFree(room, name);
  const after = room.state.transaction(() => {
    for (const record of room.store.all()) {
      const links = withRenamedLinks(record, before.name, name);
      if (links !== undefined) room.store.update(record.id, links);
    }
    return room.store.update(id, { name });
  });
  await room.networks.rename({ containerId: id, from: before.name, to: name });
  announce(room, after, 'rename', { oldName: `/${before.name}` });
}

function assertFree(room: Room, name: string): void {
  try {
    assertName('container', name);
    room.store.assertNameFree(name);
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    const message = thrown.message.replace(`(${name})`, `(/${name})`);
    throw new EngineError(thrown.kind, `Error when allocating new name: ${message}`, {
      cause: thrown,
    });
  }
}
