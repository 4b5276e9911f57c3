// macvlan and ipvlan networks: the host's link that their containers' links stand on.
import { observeLink } from '#kernel/links.ts';
import { parentModes } from '#kernel/parent-links.ts';
import { conflict, invalid } from '#shared/errors.ts';
import type { NetworkRecord, ParentRecord } from './record.ts';
import type { NetworkRoom } from './room.ts';

/**
 * The parent of a network: the link that it names, its VLAN `link.id`, or, where none is named, a link of its own
 * that leads nowhere, so that the network is internal. Throws `invalid` for options that the driver has not.
 */
export function planParent(
  room: NetworkRoom,
  network: NetworkRecord,
  mtu: number | undefined,
): { parent: ParentRecord; internal: boolean } {
  const { options, driver } = network;
  assertWord(options, 'macvlan_mode', parentModes.macvlan);
  assertWord(options, 'ipvlan_mode', parentModes.ipvlan);
  assertWord(options, 'ipvlan_flag', parentModes.ipvlanFlags);
  const rest = mtu === undefined ? {} : { mtu };
  const named = options['parent'];
  if (!named || named === '--internal') {
    const device = `${driver === 'macvlan' ? 'dm' : 'di'}-${network.id.slice(0, 12)}`;
    return { parent: { device, isOurs: true, ...rest }, internal: true };
  }
  assertSharable(room, network, named);
  if (observeLink(named) !== undefined)
    return { parent: { device: named, isOurs: false, ...rest }, internal: network.internal };
  const [, below = '', id = ''] = /^(.+)\.(\d{1,4})$/.exec(named) ?? [];
  if (below === '' || Number(id) < 1 || Number(id) > 4094 || named.length > 15) {
    throw invalid(`parent interface ${named} does not exist`, { hint: 'The links of the host: ip link' });
  }
  if (observeLink(below) === undefined) throw invalid(`parent interface ${below} does not exist`);
  return { parent: { device: named, isOurs: true, ...rest }, internal: network.internal };
}

function assertWord(options: Record<string, string>, name: string, words: string[]): void {
  const value = options[name];
  if (!value || words.includes(value)) return;
  throw invalid(`unknown ${name}: ${value}`, { hint: `It is one of ${words.join(', ')}.` });
}

// The kernel lets a link carry one of the kinds only, and a passed-through one nothing else.
function assertSharable(room: NetworkRoom, network: NetworkRecord, device: string): void {
  const isAlone = ({ options }: NetworkRecord): boolean => options['macvlan_mode'] === 'passthru';
  const other = room.store
    .networks()
    .find(
      (each) =>
        each.parent?.device === device &&
        (each.driver !== network.driver || isAlone(each) || isAlone(network)),
    );
  if (other === undefined) return;
  throw conflict(`network ${other.name} is already using parent interface ${device}`);
}
