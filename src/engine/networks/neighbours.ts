// Names that hosts files give: of the neighbours on macvlan, ipvlan and isolated networks, where the host has no address that
// a name server could answer at, and of the containers that one is linked to. Both hold while the engine is down, too.
import { readFileSync, writeFileSync } from 'node:fs';
import { codeOf } from '#shared/errors.ts';
import { namesOf } from './names/lines.ts';
import { addressesOf, type Endpoint, hasNoServer, type Sandbox } from './record.ts';
import { linkedSandbox } from './rules/openings.ts';
import type { NetworkStore } from './store.ts';

/** Ends each line that is ours to change; resolvers read no further than its beginning. */
const mark = '# neighbour';

/** Afterwards the hosts files of all on these networks, and that of `left`, name the neighbours that each has now. */
export function tellNeighbours(store: NetworkStore, networkIds: readonly string[], left?: Sandbox): void {
  for (const sandbox of store.sandboxes()) {
    const isOn = sandbox.endpoints.some(({ networkId }) => networkIds.includes(networkId));
    if (isOn && isTold(store, sandbox)) writeNeighbours(store, sandbox);
  }
  if (left !== undefined) writeNeighbours(store, left);
}

const isTold = (store: NetworkStore, { links = [], endpoints }: Sandbox): boolean =>
  links.length > 0 || endpoints.some(({ networkId }) => isUnserved(store, networkId));

const isUnserved = (store: NetworkStore, networkId: string): boolean => {
  const network = store.byId(networkId);
  return network !== undefined && hasNoServer(network);
};

/** Afterwards the container's hosts file names the neighbours that it has now. */
export function writeNeighbours(store: NetworkStore, sandbox: Sandbox): void {
  if (sandbox.hostsPath === undefined) return;
  try {
    const text = readFileSync(sandbox.hostsPath, 'utf8');
    const others = text.split('\n').filter((line) => line !== '' && !line.endsWith(mark));
    const ours = new Set([...linkLines(store, sandbox), ...neighbourLines(store, sandbox)]);
    const now = [...others, ...ours].map((line) => `${line}\n`).join('');
    // In its place: the container has this very file mounted.
    if (now !== text) writeFileSync(sandbox.hostsPath, now);
  } catch (thrown) {
    // A container that is being removed needs no names.
    if (codeOf(thrown) !== 'ENOENT') throw thrown;
  }
}

const linesOf = (endpoint: Endpoint, names: readonly string[]): string[] =>
  addressesOf(endpoint).map(({ address }) => `${address}\t${names.join(' ')}\t${mark}`);

function neighbourLines(store: NetworkStore, { containerId, endpoints }: Sandbox): string[] {
  return endpoints
    .filter(({ networkId }) => isUnserved(store, networkId))
    .flatMap(({ networkId }) => store.members(networkId))
    .filter(({ sandbox }) => sandbox.containerId !== containerId)
    .flatMap(({ sandbox, endpoint }) => linesOf(endpoint, namesOf(sandbox, endpoint)));
}

/** Under the alias, and the names that Docker gives it beside that. */
function linkLines(store: NetworkStore, { links = [], endpoints }: Sandbox): string[] {
  const shared = ({ networkId }: Endpoint): boolean => endpoints.some((own) => own.networkId === networkId);
  return links.flatMap(({ target, alias }) => {
    const other = linkedSandbox(store, target);
    if (other === undefined) return [];
    const names = [...new Set([alias, other.name, other.shortId])];
    return other.endpoints.filter(shared).flatMap((endpoint) => linesOf(endpoint, names));
  });
}
