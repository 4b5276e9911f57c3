// The Hub beside Debian's docker-registry: one large blob taken and given out, the same client for both, and 200 pulls at once.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { startRegistry } from '../near-registry.ts';
import type { Bench, Row } from '../row.ts';
import { millisecondsOf } from '../work.ts';

const execute = promisify(execFile);
const blobBytes = 256 * 1024 * 1024;
const manyPulls = 200;
const manyBytes = 16 * 1024 * 1024;

interface Served {
  name: string;
  url: string;
  pid: number;
}

interface Blob {
  file: string;
  digest: string;
}

export const rows: readonly Row[] = [
  {
    name: 'hub: give out a blob of 256 MB',
    issue: 5,
    unit: 'ms',
    goal: '≤ 1',
    most: 7,
    async open(bench) {
      const blob = await makeBlob(bench);
      const both = await startBoth(bench);
      for (const { url } of both) await push(url, blob);
      return both.map(({ name, url }) => ({
        name,
        round: () => millisecondsOf(() => curl([pathOf(url, blob)])),
      }));
    },
  },
  {
    name: 'hub: take a blob of 256 MB',
    issue: 5,
    unit: 'ms',
    goal: '≤ 1',
    most: 5,
    async open(bench) {
      const blob = await makeBlob(bench);
      const both = await startBoth(bench);
      return both.map(({ name, url }) => ({
        name,
        async round() {
          const tookMs = await millisecondsOf(() => push(url, blob));
          await curl(['-X', 'DELETE', pathOf(url, blob)]).catch(() => {});
          return tookMs;
        },
      }));
    },
  },
  {
    name: 'hub: 200 pulls of 16 MB at once',
    issue: 5,
    unit: 'ms',
    goal: '≤ 1',
    most: 5,
    async open(bench) {
      const blob = await makeBlob(bench);
      const both = await startBoth(bench);
      for (const { url } of both) await push(url, blob);
      return both.map(({ name, url }) => ({
        name,
        round: () => millisecondsOf(() => pullMany(pathOf(url, blob))),
      }));
    },
  },
  {
    // From a server that has answered one pull to the peak of 200, each with bytes on their way all the time.
    name: 'hub: memory that 200 pulls at once add',
    issue: 5,
    unit: 'MiB',
    goal: '≤ 32 MiB',
    most: 1,
    async open(bench) {
      const blob = await makeBlob(bench);
      const both = await startBoth(bench);
      for (const { url } of both) {
        await push(url, blob);
        await curl([pathOf(url, blob)]);
      }
      const seen = { before: 0, peak: 0, after: 0 };
      const growths = both.map(({ name, url, pid }) => ({
        name,
        async round() {
          const { before, peak, after } = await memoryOf(pid, () => pullMany(pathOf(url, blob)));
          if (name === 'wharf') Object.assign(seen, { before, peak, after });
          return peak - before;
        },
      }));
      const moments = (['before', 'peak', 'after'] as const).map((moment) => ({
        name: `wharf ${moment}`,
        round: async () => seen[moment],
      }));
      return [...growths, ...moments];
    },
  },
];

async function makeBlob({ folder }: Bench): Promise<Blob> {
  const bytes = randomBytes(blobBytes);
  const file = join(folder, 'blob');
  await writeFile(file, bytes);
  return { file, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` };
}

async function startBoth(bench: Bench): Promise<Served[]> {
  const ours = await startHub(bench);
  const theirs = await startRegistry(join(bench.folder, 'registry'));
  bench.later(() => theirs.stop());
  return [
    { name: 'wharf', ...ours },
    { name: 'docker-registry', url: `http://${theirs.host}`, pid: theirs.pid },
  ];
}

async function startHub(bench: Bench): Promise<{ url: string; pid: number }> {
  const script = join(import.meta.dirname, '../../hub/serve.ts');
  const args = ['--disable-warning=ExperimentalWarning', script, join(bench.folder, 'hub'), '127.0.0.1:0'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  bench.later(() => ended(child));
  const [url] = await once(createInterface({ input: child.stdout }), 'line');
  return { url: String(url), pid: child.pid ?? 0 };
}

async function ended(child: ChildProcess): Promise<void> {
  const gone = once(child, 'close');
  if (child.exitCode === null && child.kill('SIGKILL')) await gone;
}

const pathOf = (url: string, { digest }: Blob): string => `${url}/v2/bench/blob/blobs/${digest}`;

async function push(url: string, { file, digest }: Blob): Promise<void> {
  const answer = await fetch(`${url}/v2/bench/blob/blobs/uploads/`, { method: 'POST' });
  const location = new URL(answer.headers.get('location') ?? '', url);
  location.searchParams.set('digest', digest);
  await curl(['-T', file, '-X', 'PUT', location.href]);
}

async function curl(args: string[]): Promise<void> {
  await execute('curl', ['-sS', '--fail', '-o', '/dev/null', ...args]);
}

/** By one curl: a client in Node takes a gigabyte a second at most, and would be what is measured. */
async function pullMany(url: string): Promise<void> {
  const crowd = ['--parallel', '--parallel-immediate', '--parallel-max', String(manyPulls)];
  // No server looks at the query; without it there would be one URL.
  await curl([...crowd, '--range', `0-${manyBytes - 1}`, `${url}?pull=[1-${manyPulls}]`]);
}

/** MiB of the process before and after the work, and at most meanwhile. */
async function memoryOf(
  pid: number,
  work: () => Promise<void>,
): Promise<{ before: number; peak: number; after: number }> {
  const before = statusMiB(pid, 'VmRSS');
  // proc(5): forgets the peak so far.
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  await work();
  return { before, peak: statusMiB(pid, 'VmHWM'), after: statusMiB(pid, 'VmRSS') };
}

function statusMiB(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const match = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) / 1024;
}
