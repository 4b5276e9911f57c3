// nftables: one script is one transaction.

import { run } from '#kernel/spawn.ts';
import { internal } from '#shared/errors.ts';

/** Applies a script of nft(8) as a whole or not at all. Costs 3–13 ms. Throws `internal` with nft's words. */
export async function applyRules(nftScript: string): Promise<void> {
  const result = await run('nft', ['-f', '-'], { input: nftScript, timeoutMs: 30_000 });
  if (result.code === 0) return;
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
export async function observeElements(table: string, kind: 'set' | 'map', name: string): Promise<string[]> {
  const result = await run('nft', ['list', kind, 'ip', table, name], { timeoutMs: 30_000 });
  const body = /elements = \{([^}]*)\}/s.exec(result.stdout.toString('utf8'))?.[1] ?? '';
  return body
    .split(',')
    .map((element) => element.trim().replace(/\s+/g, ' '))
    .filter((element) => element !== '');
}
