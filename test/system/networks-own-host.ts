// A host of a test's own: a network namespace for the whole test process, and a world outside that it is wired to.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureNetns, inNetns, removeNetns } from '#kernel/netns.ts';
import { run, runOk } from '#kernel/spawn.ts';
import { CLONE, unshare } from '#kernel/syscalls.ts';

export const host = { ipv4: '192.0.2.1', ipv6: '2001:db8:9::1' };
export const world = { ipv4: '192.0.2.2', ipv6: '2001:db8:9::2' };

export interface OwnHost {
  /** Path of the namespace of the world outside. */
  worldNetns: string;
  /** What a connection from the world is answered: its first bytes, the error's code, or `timeout`. */
  askFromWorld(address: string, port: number): Promise<string>;
  close(): void;
}

/**
 * Afterwards this process is on a host without any rules or routes of the real one, whose only neighbour is the world:
 * links, tables and settings end with it. The world knows no way to the networks behind its neighbour.
 */
export async function enterOwnHost(): Promise<OwnHost> {
  const folder = mkdtempSync(join(tmpdir(), 'wharf-host-'));
  const worldNetns = join(folder, 'world');
  unshare(CLONE.NEWNET);
  ensureNetns(worldNetns);
  await ip(['link', 'set', 'lo', 'up']);
  await ip(['link', 'add', 'out0', 'type', 'veth', 'peer', 'name', 'in0']);
  await ip(['link', 'set', 'in0', 'netns', worldNetns]);
  await addresses('out0', host);
  await inNetns(worldNetns, () => addresses('in0', world));
  return {
    worldNetns,
    askFromWorld: (address, port) => inNetns(worldNetns, () => ask(address, port)),
    close: () => {
      removeNetns(worldNetns);
      rmSync(folder, { recursive: true });
    },
  };
}

async function ask(address: string, port: number): Promise<string> {
  const script = `
    const s = require('net').connect(Number(process.argv[2]), process.argv[1]);
    s.setTimeout(700, () => { console.log('timeout'); process.exit(); });
    s.on('error', (e) => { console.log(e.code); process.exit(); });
    s.on('data', (d) => console.log(String(d)));`;
  const args = ['-e', script, address, String(port)];
  const { stdout } = await run(process.execPath, args, { timeoutMs: 10_000 });
  return stdout.toString().trim();
}

async function addresses(link: string, of: { ipv4: string; ipv6: string }): Promise<void> {
  const lines = [
    `addr add ${of.ipv4}/24 dev ${link}`,
    `addr add ${of.ipv6}/64 dev ${link} nodad`,
    `link set ${link} up`,
  ];
  await runOk('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
}

/** Runs ip(8) on the own host. */
export const ip = async (args: string[]): Promise<string> =>
  (await runOk('ip', args)).stdout.toString('utf8');
