// nftables: whole scripts by nft(8), single elements of sets by netlink; each is one transaction.
import { attributeText, decodeAttributes } from '#kernel/netlink/message.ts';
import {
  decodeGeneration,
  type ElementChange,
  elementRequests,
  generationRequest,
  NETLINK_NETFILTER,
  type NftFamily,
  rulesRequest,
} from '#kernel/netlink/nftables.ts';
import { NetlinkSocket } from '#kernel/netlink/socket.ts';
import { run } from '#kernel/spawn.ts';
import { internal, unavailable } from '#shared/errors.ts';

export type { ElementChange, NftFamily } from '#kernel/netlink/nftables.ts';

// Kept open: closing one makes the kernel wait until everything deleted is forgotten by all processors, some 10 ms.
let kept: NetlinkSocket | undefined;
const netfilter = (): NetlinkSocket => {
  kept ??= new NetlinkSocket(NETLINK_NETFILTER);
  return kept;
};

// More in one datagram would not fit the socket's buffer.
const mostChanges = 200;

/**
 * Changes elements of sets and maps, 200 of them at a time as a whole or not at all; some 50 µs. Throws SyscallError:
 * ENOENT where a table, set or element is missing, EEXIST where a key of a map has other data.
 */
export function changeElements(changes: ElementChange[]): void {
  if (changes.length === 0) return;
  const socket = netfilter();
  for (let at = 0; at < changes.length; at += mostChanges) {
    socket.transact('elements', elementRequests(changes.slice(at, at + mostChanges)));
  }
}

/** The number of the kernel's ruleset, which every change by anyone raises. About 20 µs. */
export function rulesetGeneration(): number {
  const socket = netfilter();
  const answer = socket.get(generationRequest());
  return answer === undefined ? 0 : decodeGeneration(decodeAttributes(answer, 4));
}

/** How many rules a table has, by chain; empty where there is none. */
export function countRules(family: NftFamily, table: string): Map<string, number> {
  const socket = netfilter();
  const counts = new Map<string, number>();
  for (const body of socket.dump(rulesRequest(family, table))) {
    const attributes = decodeAttributes(body, 4);
    if (attributeText(attributes.get(1)) !== table) continue;
    const chain = attributeText(attributes.get(2));
    counts.set(chain, (counts.get(chain) ?? 0) + 1);
  }
  return counts;
}

/** Applies a script of nft(8) as a whole or not at all. Costs 3–13 ms. Throws `internal` with nft's words, `unavailable` where it does not end. */
export async function applyRules(nftScript: string): Promise<void> {
  const result = await run('nft', ['-f', '-'], { input: nftScript, timeoutMs: 30_000 });
  if (result.code === 0) return;
  if (result.signal !== null) {
    throw unavailable('the firewall did not take the rules within 30 seconds', {
      hint: 'The kernel may still load its modules, or the host has no time: try again.',
    });
  }
  throw internal(`the firewall refused the rules: ${result.stderr.toString('utf8').trim()}`, {
    hint: 'The kernel needs nf_tables with NAT; `nft list ruleset` shows what is there.',
  });
}

/** Afterwards the table is gone, with all its rules. */
export async function removeTable(family: string, name: string): Promise<void> {
  // Adding first makes the deletion succeed whether or not the table was there.
  await applyRules(`add table ${family} ${name}\ndelete table ${family} ${name}\n`);
}

/** Whether the table is there. */
export async function tableExists(family: string, name: string): Promise<boolean> {
  const result = await run('nft', ['list', 'tables', family], { timeoutMs: 30_000 });
  return result.stdout.toString('utf8').split('\n').includes(`table ${family} ${name}`);
}

/** The elements of a set or map, each as nft writes it; empty where there is no such table. */
export async function observeElements(
  table: string,
  kind: 'set' | 'map',
  name: string,
  family: NftFamily = 'inet',
): Promise<string[]> {
  const result = await run('nft', ['list', kind, family, table, name], { timeoutMs: 30_000 });
  const body = /elements = \{([^}]*)\}/s.exec(result.stdout.toString('utf8'))?.[1] ?? '';
  return body
    .split(',')
    .map((element) => element.trim().replace(/\s+/g, ' '))
    .filter((element) => element !== '');
}

/** Base chains of a hook that drop by policy, as `CHAIN of table FAMILY NAME`. */
export async function observeDrops(hook: 'input' | 'forward'): Promise<string[]> {
  const result = await run('nft', ['list', 'chains'], { timeoutMs: 30_000 });
  const found: string[] = [];
  let [table, chain] = ['', ''];
  for (const line of result.stdout.toString('utf8').split('\n')) {
    table = /^table (\S+ \S+)/.exec(line)?.[1] ?? table;
    chain = /^\s+chain (\S+)/.exec(line)?.[1] ?? chain;
    const isDrop = line.includes(`hook ${hook} `) && line.includes('policy drop');
    if (isDrop && /^(?:ip|ip6|inet) /.test(table)) found.push(`${chain} of table ${table}`);
  }
  return found;
}
