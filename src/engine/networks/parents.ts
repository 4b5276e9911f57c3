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
  for (const choice of choices) assertChoice(options, choice);
  const rest = mtu === undefined ? {} : { mtu };
  const named = options['parent'];
  if (!named || named === '--internal') {
    const device = `${driver === 'macvlan' ? 'dm' : 'di'}-${network.id.slice(0, 12)}`;
    return { parent: { device, isOurs: true, ...rest }, internal: true };
  }
  assertSharable(room, network, named);
  const isOurs = observeLink(named) === undefined;
  if (isOurs) assertVlan(named);
  // The VLAN that another network had made lives on with this one.
  const isShared = parentsNamed(room, named).some(({ parent }) => parent?.isOurs === true);
  return { parent: { device: named, isOurs: isOurs || isShared, ...rest }, internal: network.internal };
}

/** Throws `invalid` where no VLAN of this name can be made: the sentences are Docker's. */
function assertVlan(name: string): void {
  const example = { hint: 'The links of the host: ip link' };
  if (!name.includes('.')) {
    throw invalid(`invalid subinterface vlan name ${name}, example formatting is eth0.10`, example);
  }
  const [below = '', text = '', ...more] = name.split('.');
  if (more.length > 0) {
    throw invalid(
      `required interface name format is: name.vlan_id, ex. eth0.10 for vlan 10, instead received ${name}`,
      example,
    );
  }
  if (!/^\d{1,9}$/.test(text)) {
    throw invalid(`unable to parse a valid vlan id from: ${text} (ex. eth0.10 for vlan 10)`, example);
  }
  if (below === '' || observeLink(below) === undefined) {
    throw invalid(`-o parent interface was not found on the host: ${below}`, example);
  }
  const id = Number(text);
  if (id < 1 || id > 4094) throw invalid(`vlan id must be between 1-4094, received: ${id}`);
  if (`${below}.${id}` !== name || name.length > 15) {
    throw invalid(`invalid subinterface vlan name ${name}, example formatting is eth0.10`, {
      hint: 'The name of a link has at most 15 characters, and the number of the VLAN no zeros before it.',
    });
  }
}

interface Choice {
  option: string;
  words: string[];
  /** As Docker says it. */
  refusal: (value: string) => string;
}

const choices: Choice[] = [
  {
    option: 'macvlan_mode',
    words: parentModes.macvlan,
    refusal: (value) =>
      `requested macvlan mode '${value}' is not valid, 'bridge' mode is the macvlan driver default`,
  },
  {
    option: 'ipvlan_mode',
    words: parentModes.ipvlan,
    refusal: (value) =>
      `requested ipvlan mode '${value}' is not valid, 'l2' mode is the ipvlan driver default`,
  },
  {
    option: 'ipvlan_flag',
    words: parentModes.ipvlanFlags,
    refusal: (value) =>
      `requested ipvlan flag '${value}' is not valid, 'bridge' is the ipvlan driver default`,
  },
];

function assertChoice(options: Record<string, string>, { option, words, refusal }: Choice): void {
  const value = options[option];
  if (!value || words.includes(value)) return;
  throw invalid(refusal(value), { hint: `${option} is one of ${words.join(', ')}.` });
}

const parentsNamed = (room: NetworkRoom, device: string): NetworkRecord[] =>
  room.store.networks().filter((each) => each.parent?.device === device);

const isPassthru = ({ options }: NetworkRecord): boolean => options['macvlan_mode'] === 'passthru';

/** An ipvlan link's mode is that of all on its parent: the kernel changes the others with the newest. */
const ipvlanWay = ({ options }: NetworkRecord): string =>
  `${options['ipvlan_mode'] || 'l2'} ${options['ipvlan_flag'] || 'bridge'}`;

// The kernel lets a link carry one of the kinds only, and a passed-through one nothing else.
function assertSharable(room: NetworkRoom, network: NetworkRecord, device: string): void {
  for (const other of parentsNamed(room, device)) {
    const using = `network ${other.name} is already using parent interface ${device}`;
    if (other.driver !== network.driver) throw conflict(using);
    if (network.driver === 'ipvlan' && ipvlanWay(other) !== ipvlanWay(network)) {
      throw conflict(using, {
        hint: `It is in mode ${ipvlanWay(other)}, which is that of all on the parent.`,
      });
    }
    if (isPassthru(network)) throw conflict(`cannot use mode passthru, macvlan ${using}`);
    if (isPassthru(other)) throw conflict(`macvlan ${using} in mode passthru`);
  }
}
