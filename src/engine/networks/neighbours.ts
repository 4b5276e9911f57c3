// Names on macvlan and ipvlan networks. The host has no address there that a name server could answer at, so that the
// hosts files of those on the network name their neighbours: that holds while the engine is down, too.
import { readFileSync, writeFileSync } from 'node:fs';
import { codeOf } from '#shared/errors.ts';
import { namesOf } from './names/lines.ts';
import { addressesOf, type Sandbox } from './record.ts';
import type { NetworkStore } from './store.ts';

/** Ends each line that is ours to change; resolvers read no further than its beginning. */
const mark = '# neighbour';

/** Afterwards the hosts files of all on these networks, and that of `left`, name the neighbours that each has now. */
export function tellNeighbours(store: NetworkStore, networkIds: Iterable<string>, left?: Sandbox): void {
  const changed = [...networkIds].filter((id) => store.byId(id)?.parent !== undefined);
  if (changed.length === 0) return;
  const told = new Set(changed.flatMap((id) => store.members(id).map(({ sandbox }) => sandbox)));
  if (left !== undefined) told.add(left);
  for (const sandbox of told) writeNeighbours(store, sandbox);
}

/** Afterwards the container's hosts file names the neighbours that it has now. */
export function writeNeighbours(store: NetworkStore, sandbox: Sandbox): void {
  if (sandbox.hostsPath === undefined) return;
  try {
    const text = readFileSync(sandbox.hostsPath, 'utf8');
    const others = text.split('\n').filter((line) => line !== '' && !line.endsWith(mark));
    const now = [...others, ...linesFor(store, sandbox)].map((line) => `${line}\n`).join('');
    // In its place: the container has this very file mounted.
    if (now !== text) writeFileSync(sandbox.hostsPath, now);
  } catch (thrown) {
    // A container that is being removed needs no names.
    if (codeOf(thrown) !== 'ENOENT') throw thrown;
  }
}

function linesFor(store: NetworkStore, { containerId, endpoints }: Sandbox): string[] {
  return endpoints
    .filter(({ networkId }) => store.byId(networkId)?.parent !== undefined)
    .flatMap(({ networkId }) => store.members(networkId))
    .filter(({ sandbox }) => sandbox.containerId !== containerId)
    .flatMap(({ sandbox, endpoint }) => {
      const names = namesOf(sandbox, endpoint).join(' ');
      return addressesOf(endpoint).map(({ address }) => `${address}\t${names}\t${mark}`);
    });
}
