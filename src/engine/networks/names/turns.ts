// Who comes first: servers of one network have its containers in different orders, so that of several addresses of a
// name each is the first at some of them. Pure.
import type { Endpoint, Sandbox } from '../record.ts';
import { namesOf } from './lines.ts';

export interface Member {
  sandbox: Sandbox;
  endpoint: Endpoint;
}

/** More addresses than this of one name do not all come first. */
export const mostTurns = 16;
/** Up to so many, names with different numbers of addresses all get equal shares. */
const mostCommonTurns = 8;

/** How many servers, each with another order, give each address of a name its share; 1 where no name has several. */
export function turnsOf(members: readonly Member[]): number {
  const counts = [...groupsOf(members).values()].map((group) =>
    Math.max(sizeOf(group, 'ipv4'), sizeOf(group, 'ipv6')),
  );
  const common = counts.reduce(leastCommonMultiple, 1);
  return common <= mostCommonTurns ? common : Math.min(Math.max(...counts), mostTurns);
}

const sizeOf = (group: readonly Member[], family: 'ipv4' | 'ipv6'): number =>
  Math.max(group.filter(({ endpoint }) => endpoint[family] !== undefined).length, 1);

/** The members in the order of a turn: turn 0 is as they are, at turn 1 the second of each name is its first. */
export function turned<Each extends Member>(members: readonly Each[], turn: number): Each[] {
  const groups = [...groupsOf(members).values()].sort((one, other) => other.length - one.length);
  const placeOf = (member: Each): number => {
    // Of several names that it shares, the one that most share decides.
    const group = groups.find((each) => each.includes(member)) ?? [member];
    return (group.indexOf(member) + group.length - (turn % group.length)) % group.length;
  };
  const places = new Map(members.map((member) => [member, placeOf(member)]));
  return members.toSorted((one, other) => (places.get(one) ?? 0) - (places.get(other) ?? 0));
}

/** Who has each name that more than one has. The server knows no capital letters. */
function groupsOf(members: readonly Member[]): Map<string, Member[]> {
  const groups = new Map<string, Member[]>();
  for (const member of members) {
    const names = new Set(namesOf(member.sandbox, member.endpoint).map((name) => name.toLowerCase()));
    for (const name of names) {
      const group = groups.get(name);
      if (group === undefined) groups.set(name, [member]);
      else group.push(member);
    }
  }
  for (const [name, group] of groups) if (group.length < 2) groups.delete(name);
  return groups;
}

function leastCommonMultiple(one: number, other: number): number {
  let [greater, less] = [one, other];
  while (less !== 0) [greater, less] = [less, greater % less];
  return (one / greater) * other;
}
