// Runs one test file and fails it if it leaves a mount, link, rule, cgroup or process behind.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { newIn, observeLeftovers, runMark } from './leftovers.ts';

const [file, ...rest] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: one-file.ts FILE');

process.env[runMark] = `${process.pid}-${Date.now()}`;
const before = observeLeftovers();
const args = [
  '--disable-warning=ExperimentalWarning',
  '--test',
  '--test-reporter=spec',
  '--test-timeout=180000',
  ...rest,
  file,
];
// A file whose tests have ended may still hold on to something, and then it never ends.
const longestMs = 15 * 60_000;
const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
const timer = setTimeout(() => {
  console.log(`${file} did not end within ${longestMs / 60_000} minutes`);
  child.kill('SIGTERM');
}, longestMs);
const code = await new Promise<number>((resolve) => child.once('exit', (exit) => resolve(exit ?? 1)));
clearTimeout(timer);
const left = await leftAfter(before);
for (const line of left) console.log(`left behind by ${file}: ${line}`);
process.exit(code !== 0 ? code : left.length > 0 ? 1 : 0);

/** Processes may be on their way out when the test ends: what is gone within two seconds was not left behind. */
async function leftAfter(before: Set<string>): Promise<string[]> {
  let left: string[] = [];
  for (let attempt = 0; attempt < 20; attempt++) {
    left = newIn(before, observeLeftovers());
    if (left.length === 0) return [];
    await sleep(100);
  }
  return left;
}
