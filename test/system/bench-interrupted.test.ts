// A bench that is cut off leaves nothing on the machine: neither folders nor engines, containers, bridges and rules.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { observeProcesses } from '../../scripts/bench/processes.ts';
import { deadBenches, sweep } from '../../scripts/bench/sweep.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';

interface Running {
  bench: ChildProcess;
  pid: number;
  /** All that it printed, once it has ended. */
  said: Promise<string>;
}

/** A bench that measures containers, as the leader of its own group, one of its containers running. */
async function startBench(): Promise<Running> {
  const script = join(import.meta.dirname, '../../scripts/bench/main.ts');
  const words = [
    '--disable-warning=ExperimentalWarning',
    script,
    '--only',
    '40 containers',
    '--rounds',
    '500',
  ];
  const bench = spawn(process.execPath, words, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const pid = bench.pid ?? 0;
  let text = '';
  for (const stream of [bench.stdout, bench.stderr])
    stream.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
  const said = once(bench, 'close').then(() => text);
  const measures = () => processesOf(pid).some((command) => command.includes('conmon'));
  for (let turn = 0; turn < 1200 && !measures(); turn++) {
    assert.equal(bench.exitCode, null, text);
    await sleep(50);
  }
  assert.ok(measures(), `no container ran within a minute: ${text}`);
  return { bench, pid, said };
}

const processesOf = (pid: number): string[] =>
  observeProcesses()
    .map(({ command }) => command)
    .filter((command) => command.includes(`whb-${pid}-`));

/** What tells of the bench: processes, mounts, folders, links and rules. */
function leftOf(pid: number): string[] {
  const folders = [tmpdir(), '/dev/shm']
    .filter((place) => existsSync(place))
    .flatMap((place) => readdirSync(place));
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const tables = execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' }).split('\n');
  const things = [...folders, ...mounts, ...tables, ...readdirSync('/sys/class/net')];
  const marked = things.filter((thing) => thing.includes(`whb-${pid}-`) || thing.includes(`whb${pid}x`));
  return [...processesOf(pid), ...marked];
}

for (const { name, signal, group } of [
  { name: 'SIGTERM', signal: 'SIGTERM', group: false },
  { name: 'Ctrl-C, which its engines get too', signal: 'SIGINT', group: true },
] as const)
  test(`ended by ${name}`, { skip, timeout: 120_000 }, async (t) => {
    const { bench, pid, said } = await startBench();
    t.after(() => sweep(pid));
    process.kill(group ? -pid : pid, signal);
    assert.match(await said, /interrupted/);
    assert.equal(bench.exitCode, 130);
    assert.deepEqual(leftOf(pid), []);
  });

test('killed: the next one takes away what is left', { skip, timeout: 120_000 }, async (t) => {
  const { bench, pid } = await startBench();
  t.after(() => sweep(pid));
  // Its engines have its output too: that ends with them.
  const gone = once(bench, 'exit');
  bench.kill('SIGKILL');
  await gone;
  assert.notDeepEqual(leftOf(pid), []);
  assert.ok(deadBenches().includes(pid));
  sweep(pid);
  assert.deepEqual(leftOf(pid), []);
});
