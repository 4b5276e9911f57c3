// The Hub beside Debian's docker-registry: one large blob taken and given out, the same client for both, and 200 pulls at once.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { get } from 'node:http';
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
    name: 'hub: memory that 200 more pulls at once add',
    issue: 5,
    unit: 'MiB',
    goal: '≤ 32 MiB',
    most: 1,
    async open(bench) {
      const blob = await makeBlob(bench);
      const { url, pid } = await startHub(bench);
      await push(url, blob);
      await pullMany(pathOf(url, blob));
      return [
        {
          name: 'wharf',
          // The peak of a second crowd over that of the first: what a pull leaves behind, or nothing.
          async round() {
            const before = peakMiB(pid);
            await pullMany(pathOf(url, blob));
            return peakMiB(pid) - before;
          },
        },
      ];
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
  const { url } = await startHub(bench);
  const theirs = await startRegistry(join(bench.folder, 'registry'));
  bench.later(() => theirs.stop());
  return [
    { name: 'wharf', url },
    { name: 'docker-registry', url: `http://${theirs.host}` },
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

async function pullMany(url: string): Promise<void> {
  await Promise.all(Array.from({ length: manyPulls }, () => pullOne(url)));
}

function pullOne(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { range: `bytes=0-${manyBytes - 1}` };
    const sent = get(url, { agent: false, headers }, (response) => {
      response.resume().once('end', resolve).once('error', reject);
    });
    sent.once('error', reject);
  });
}

function peakMiB(pid: number): number {
  const match = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) / 1024;
}
