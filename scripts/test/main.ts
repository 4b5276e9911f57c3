// Runs every test: house and unit tests in one go, then each system test and walk by itself, watched for leftovers.
// `npm test -- PATTERN` runs only the files whose path contains PATTERN. A file that fails is run once more at the end,
// by itself: it is told apart as unsteady when it passes then, and what it printed the first time is shown again.
import { spawn } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBaseRegistry } from '../images/registry.ts';
import { buildRelease, type Release, wantRelease } from './release.ts';

interface Job {
  name: string;
  command: string[];
  env?: Record<string, string>;
}

interface Outcome {
  ok: boolean;
  passed: number;
  failed: number;
  skipped: number;
  /** The end of what was printed. */
  printed: string;
}

const root = join(import.meta.dirname, '../..');
process.chdir(root);
const patterns = process.argv.slice(2);
const chosen = (file: string) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern));
const node = [process.execPath, '--disable-warning=ExperimentalWarning'];
const outcomes: Outcome[] = [];
const failures: { job: Job; first: Outcome; second?: Outcome }[] = [];

const quick = globSync(['test/house/*.test.ts', 'src/**/*.test.ts']).filter(chosen).sort();
if (quick.length > 0)
  await runJob({
    name: 'unit and house tests',
    command: [...node, '--test', '--test-reporter=spec', ...quick],
  });

const slow = [
  ...globSync('test/system/*.test.ts').sort(),
  ...globSync('test/walks/*.test.ts').sort(),
  ...globSync('test/clients/*.test.ts').sort(),
].filter(chosen);
if (slow.length > 0) {
  if (process.getuid?.() !== 0) throw new Error('the system tests need root (namespaces, mounts, network)');
  const registry = await startBaseRegistry({
    cache: join(root, '.cache/images'),
    port: 0,
    seeds: seedsFor(slow),
    say: (line) => console.log(line),
  });
  let release: Release | undefined;
  try {
    const env = { WHARF_TEST_MIRROR: registry.url, WHARF_TEST_IMAGES: join(root, '.cache/images') };
    for (const file of slow) await runJob({ name: file, command: commandOf(file), env });
    // Who names a program wants to see that one alone.
    const again = process.env['WHARF_TEST_PROGRAM'] === undefined ? wantRelease(slow) : [];
    if (again.length > 0) release = buildRelease();
    for (const file of again) {
      const byRelease = { ...env, WHARF_TEST_PROGRAM: release?.program ?? '' };
      await runJob({ name: `${file}, by the release's program`, command: commandOf(file), env: byRelease });
    }
    // Whoever chose files wants to see them fail.
    if (patterns.length === 0) for (const failure of failures) failure.second = await run(failure.job);
  } finally {
    release?.remove();
    await registry.stop();
  }
}
process.exit(report() ? 0 : 1);

/** A file's tests in a process of their own. */
function commandOf(file: string): string[] {
  const inside = file.startsWith('test/system/') ? insidePrivateMounts() : [];
  return [...inside, ...node, 'scripts/test/one-file.ts', file];
}

/** Says what failed, with what it printed; whether all is well. */
function report(): boolean {
  for (const { job, first, second } of failures) {
    const word = second?.ok === true ? 'unsteady (passed when run again)' : 'failed';
    console.log(`\n--- ${word}: ${job.name}; what it printed the first time ends so:\n${first.printed}`);
  }
  const unsteady = failures.filter((failure) => failure.second?.ok === true);
  const failed = failures.filter((failure) => !unsteady.includes(failure));
  const counted = [...outcomes, ...unsteady.flatMap(({ second }) => second ?? [])];
  const sum = (pick: (outcome: Outcome) => number) => counted.reduce((total, each) => total + pick(each), 0);
  for (const { job } of unsteady) console.log(`unsteady: ${job.name}`);
  for (const { job } of failed) console.log(`failed: ${job.name}`);
  const failedCount = failed.reduce((total, { first }) => total + Math.max(1, first.failed), 0);
  console.log(
    `${sum((each) => each.passed)} passed, ${failedCount} failed, ${sum((each) => each.skipped)} skipped, ${unsteady.length} files unsteady`,
  );
  return failed.length === 0;
}

/**
 * crun refuses hosts whose cgroups are v1 with a v2 tree beside them. The daemon leaves that tree by itself; rooms
 * tested without the daemon get the same view from here.
 */
function insidePrivateMounts(): string[] {
  const hybrid = existsSync('/sys/fs/cgroup/unified/cgroup.controllers');
  if (!hybrid) return [];
  const script = 'umount /sys/fs/cgroup/unified; exec "$@"';
  return ['unshare', '-m', '--propagation', 'slave', 'sh', '-c', script, 'sh'];
}

/** Seed images are made only for the files that ask for them, by a line `// seed images: mysql, redis`. */
function seedsFor(files: string[]): string[] {
  const lines = files.flatMap(
    (file) => /^\/\/ seed images: (.+)$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? [],
  );
  return [...new Set(lines.flatMap((line) => line.split(', ')))];
}

async function runJob(job: Job): Promise<void> {
  const outcome = await run(job);
  if (outcome.ok) outcomes.push(outcome);
  else failures.push({ job, first: outcome });
}

async function run({ name, command, env }: Job): Promise<Outcome> {
  const [program = '', ...args] = command;
  const startedMs = Date.now();
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  let printed = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => {
    process.stdout.write(text);
    printed = (printed + text).slice(-6000);
  });
  const code = await new Promise<number>((resolve) => child.once('close', (exit) => resolve(exit ?? 1)));
  const ok = code === 0;
  console.log(`${ok ? 'ok' : 'NOT OK'}: ${name} (${((Date.now() - startedMs) / 1000).toFixed(1)} s)\n`);
  const count = (word: string) => countOf(printed, word);
  return { ok, passed: count('pass'), failed: count('fail'), skipped: count('skipped'), printed };
}

function countOf(text: string, word: string): number {
  const match = new RegExp(`^ℹ ${word} (\\d+)$`, 'm').exec(text);
  return match === null ? 0 : Number(match[1]);
}
