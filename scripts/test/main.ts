// Runs every test: house and unit tests in one go, then each system test and walk by itself, watched for leftovers.
// `npm test -- PATTERN` runs only the files whose path contains PATTERN.
import { spawn } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { startBaseRegistry } from '../images/registry.ts';

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

const root = join(import.meta.dirname, '../..');
process.chdir(root);
const patterns = process.argv.slice(2);
const chosen = (file: string) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern));
const node = [process.execPath, '--disable-warning=ExperimentalWarning'];
const total: Tally = { passed: 0, failed: 0, skipped: 0 };
const failedFiles: string[] = [];

const quick = globSync(['test/house/*.test.ts', 'src/**/*.test.ts']).filter(chosen).sort();
if (quick.length > 0)
  await runFiles('unit and house tests', [...node, '--test', '--test-reporter=spec', ...quick]);

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
    say: (line) => console.log(line),
  });
  try {
    const env = { WHARF_TEST_MIRROR: registry.url, WHARF_TEST_IMAGES: join(root, '.cache/images') };
    for (const file of slow) {
      const inside = file.startsWith('test/system/') ? insidePrivateMounts() : [];
      await runFiles(file, [...inside, ...node, 'scripts/test/one-file.ts', file], env);
    }
  } finally {
    await registry.stop();
  }
}

for (const name of failedFiles) console.log(`failed: ${name}`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(failedFiles.length > 0 || total.failed > 0 ? 1 : 0);

/**
 * crun refuses hosts whose cgroups are v1 with a v2 tree beside them. The daemon leaves that tree by itself; rooms
 * tested without the daemon get the same view from here.
 */
function insidePrivateMounts(): string[] {
  const hybrid = existsSync('/sys/fs/cgroup/unified/cgroup.controllers');
  if (!hybrid) return [];
  return [
    'unshare',
    '-m',
    '--propagation',
    'slave',
    'sh',
    '-c',
    'umount /sys/fs/cgroup/unified; exec "$@"',
    'sh',
  ];
}

async function runFiles(name: string, command: string[], env: Record<string, string> = {}): Promise<void> {
  const [program = '', ...args] = command;
  const startedMs = Date.now();
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  let tail = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => {
    process.stdout.write(text);
    tail = (tail + text).slice(-4000);
  });
  const code = await new Promise<number>((resolve) => child.once('close', (exit) => resolve(exit ?? 1)));
  const failed = countOf(tail, 'fail');
  total.passed += countOf(tail, 'pass');
  total.skipped += countOf(tail, 'skipped');
  total.failed += code !== 0 && failed === 0 ? 1 : failed;
  if (code !== 0) failedFiles.push(name);
  console.log(
    `${code === 0 ? 'ok' : 'NOT OK'}: ${name} (${((Date.now() - startedMs) / 1000).toFixed(1)} s)\n`,
  );
}

function countOf(text: string, word: string): number {
  const match = new RegExp(`^ℹ ${word} (\\d+)$`, 'm').exec(text);
  return match === null ? 0 : Number(match[1]);
}
